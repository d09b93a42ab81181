import type { Policy } from '../policy/policy.ts'
import type { Transition } from './event.ts'
import type { Observation } from './observation.ts'
import type { Rollout } from './rollout.ts'

/** Everything that a decision at one look rests on; the look itself is booked already. */
export interface Look {
  readonly rollout: Rollout
  readonly policy: Policy
  readonly seen: Observation
  readonly at: string
}

/** No move; a new reason for waiting is shown but is no history. */
export function stay(rollout: Rollout, why: string = rollout.why): Transition<Rollout> {
  return { state: why === rollout.why ? rollout : { ...rollout, why }, effects: [] }
}
