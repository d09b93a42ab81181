import { countTrials } from './half-space.ts'
import type { Attempts } from './half-space.ts'
import { evidenceIn, observeMixture, openMixture } from './mixture.ts'

/**
 * What a canary consumer stops by on its own, without a round trip: the same test as the coordinator's, on the outcomes that no coordinator has
 * taken in yet, against the last known rate of the stable version. A blown fuse pauses; it decides nothing. Once the coordinator has taken the
 * outcomes in, and the rollout goes on all the same, they no longer count here.
 */
export interface Fuse {
  /** Failure rate that is still acceptable. */
  readonly limit: number
  /** Evidence that blows it. */
  readonly needed: number
}

/** Twice what the stable version does: it is known late, and from few messages. */
const allowance = 2
const mostLimit = 0.999
/** Fewer digits travel with each decision. */
const fineness = 1e5

export function fuseFor({
  stableRate,
  rollbackMargin,
  significanceLevel,
}: {
  readonly stableRate: number
  readonly rollbackMargin: number
  readonly significanceLevel: number
}): Fuse {
  return {
    limit: Math.min(mostLimit, Math.ceil(allowance * (1 + rollbackMargin) * stableRate * fineness) / fineness),
    needed: 1 / significanceLevel,
  }
}

export function isBlown({ limit, needed }: Fuse, outcomes: Attempts): boolean {
  if (outcomes.failed === 0) return false
  const line = { slope: 0, intercept: limit }
  const trials = countTrials(outcomes, { messages: 0, failed: 0 })
  return evidenceIn(observeMixture(openMixture(), line, trials, limit)) >= needed
}
