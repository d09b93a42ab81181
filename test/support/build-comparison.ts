import { parsePolicy } from '../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../src/core/policy/policy.ts'

/** The analysis of a policy file that compares failures, with what is given instead. */
export function comparing(metric: object = {}, others: readonly object[] = []): Policy['analysis'] {
  const parsed = parsePolicy({ analysis: { metrics: [{ name: 'failures', ...metric }, ...others] } })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy.analysis
}
