import { countsSince } from '../evidence/counts.ts'
import type { Policy } from '../policy/policy.ts'
import type { Observation } from './observation.ts'
import type { Rollout } from './rollout.ts'

/** Messages that the canary is to blame for: not the ones that the stable version failed as well. */
export function blamedFailures({ harmed, poison }: Rollout): number {
  return Math.max(0, harmed - poison)
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
  const { origin, harmed, lost } = rollout
  if (origin === undefined) return false
  const { rescued, failedOnBoth } = countsSince(seen.stable.counts, origin.stable)
  return harmed - lost <= rescued + failedOnBoth
}
