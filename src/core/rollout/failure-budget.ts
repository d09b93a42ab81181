import { countsSince } from '../evidence/counts.ts'
import type { Policy } from '../policy/policy.ts'
import { explainedFailures } from './expected-failures.ts'
import type { Observation } from './observation.ts'
import type { Rollout } from './rollout.ts'

/**
 * Failures that the canary is to blame for: not the messages that the stable version failed as well, and not as many as a canary that is no worse
 * would have had. Whichever of the two is more: the first are among the second.
 */
export function blamedFailures(rollout: Rollout): number {
  const { harmed, poison, explained } = rollout
  // What is explained so far already is explained by more later: most looks end here.
  if (harmed <= Math.max(poison, explained?.expected ?? 0)) return 0
  return Math.max(0, harmed - Math.max(poison, explainedFailures(rollout)))
}

/** True when no canary message may start any more, for now at least. */
export function isExhausted(rollout: Rollout, { limits }: Policy): boolean {
  return blamedFailures(rollout) + rollout.unaccounted >= limits.maxFailedMessages
}

/** Beyond the longest handler, time for the hand-back itself. */
const handBackMs = 5_000

/**
 * How long the budget has been exhausted. Meanwhile the canary takes nothing, and it turns out what the stable version makes of the messages: where
 * it fails them too, the canary gets their part of the budget back.
 */
export function exhaustedFor(rollout: Rollout, policy: Policy, sinceMs: number): number {
  return isExhausted(rollout, policy) ? rollout.exhaustedMs + sinceMs : 0
}

/** True when the budget is spent for good: no message whose fate is open could give a part of it back. */
export function isSpent(rollout: Rollout, policy: Policy, seen: Observation): boolean {
  if (!isExhausted(rollout, policy)) return false
  if (!seen.handsBack || rollout.exhaustedMs >= seen.handlerTimeoutMs + handBackMs) return true
  return rollout.origin !== undefined && openFates(rollout, seen) === 0
}

/** Messages that the canary failed and of which nobody knows yet what the stable version makes; 0 where it is not handed them. */
export function openFates({ origin, harmed, lost }: Rollout, seen: Observation): number {
  if (!seen.handsBack || origin === undefined) return 0
  const { rescued, failedOnBoth } = countsSince(seen.stable.counts, origin.stable)
  return Math.max(0, harmed - lost - rescued - failedOnBoth)
}
