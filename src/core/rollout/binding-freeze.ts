import { freezeAt } from '../policy/freeze.ts'
import type { Freeze } from '../policy/freeze.ts'
import type { Policy } from '../policy/policy.ts'
import type { Rollout } from './rollout.ts'

/** The freeze that holds the rollout at `ms`, in milliseconds since 1970. One that was forced to start in a freeze is bound by none. */
export function bindingFreeze(
  { ignoresFreeze }: Pick<Rollout, 'ignoresFreeze'>,
  { freeze }: Pick<Policy, 'freeze'>,
  ms: number,
): Freeze | undefined {
  return ignoresFreeze === true ? undefined : freezeAt(freeze, ms)
}
