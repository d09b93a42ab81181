import { resolve } from 'node:path'
import type { Policy } from '../core/policy/policy.ts'
import { unsupported } from '../core/policy/unsupported.ts'
import { loadPolicyFile } from '../policy-file.ts'

export type UsablePolicy =
  | { readonly ok: true; readonly policy: Policy }
  /** `unsupported`: the file is right, and asks for what this release does not run. */
  | { readonly ok: false; readonly kind: 'invalid' | 'unsupported'; readonly problems: readonly string[] }

/** Reads a policy that a rollout may begin with. Never rejects: a file that cannot be read is a problem like any other. */
export async function usablePolicy(path: string, cwd: string): Promise<UsablePolicy> {
  const loaded = await loadPolicyFile(resolve(cwd, path))
  if (!loaded.ok) return { ok: false, kind: 'invalid', problems: loaded.problems }
  const problems = unsupported(loaded.policy)
  return problems.length === 0 ? loaded : { ok: false, kind: 'unsupported', problems }
}
