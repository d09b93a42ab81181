import { createHash } from 'node:crypto'
import type { Policy } from './core/policy/policy.ts'
import { canonicalPolicy } from './core/policy/show-policy.ts'

/** `sha256:…`, equal for policies that mean the same, however their files look. */
export function policyDigest(policy: Policy): string {
  return `sha256:${createHash('sha256').update(canonicalPolicy(policy)).digest('hex')}`
}
