import { livenessMs } from '../liveness.ts'

/** How cohorts are made and closed; the same for all that tell of them. */
export interface CohortRules {
  /** Length of the interval. */
  readonly cohortMs: number
  /** Age at which nothing more is dispatched in a cohort and all reports of it are in. No younger one is closed or judged. */
  readonly completeAfterMs: number
  /** Age at which what is pending counts as failed: no handler can be at it any more, and whoever died with it has been found dead. */
  readonly settleTimeoutMs: number
  readonly minimum: LookMinimum
}

/** Messages that a look needs on each version; until then it is joined with the next cohort. */
export interface LookMinimum {
  readonly canary: number
  readonly stable: number
}

/** Of a death, once it may be known: a look later, and one more where the store is slow. */
const longestFindingMs = 1_000

export function cohortRules({
  cohortMs,
  reportDelayMs,
  handlerTimeoutMs,
  stableSlots,
}: {
  readonly cohortMs: number
  /** From the end of a cohort, or an outcome, to its being seen here. */
  readonly reportDelayMs: number
  /** The longest that a message may be handled. */
  readonly handlerTimeoutMs: number
  /** Messages that the stable consumers can handle at a time. */
  readonly stableSlots: number
}): CohortRules {
  const completeAfterMs = cohortMs + reportDelayMs
  return {
    cohortMs,
    completeAfterMs,
    // The last message of a cohort begins at its end. What the dead held is not pending (`coordinator/observe-cohorts.ts`).
    settleTimeoutMs: completeAfterMs + Math.max(handlerTimeoutMs, livenessMs + longestFindingMs),
    minimum: lookMinimum(stableSlots),
  }
}

/**
 * A few consumers that handle one message at a time take fewer while they fail slowly: the share in a short look then depends on the outcomes.
 * Longer looks even that out.
 */
export function lookMinimum(stableSlots: number): LookMinimum {
  return stableSlots < 4 ? { canary: 30, stable: 30 } : { canary: 1, stable: 5 }
}
