import type { CohortLook } from '../../../src/core/evidence/cohort-look.ts'
import type { Cohort, CohortTally } from '../../../src/core/evidence/cohorts.ts'

export function tally(dispatched: number, succeeded = 0, failed = 0): CohortTally {
  return { dispatched, succeeded, failed, durations: undefined }
}

/** A settled cohort at a share of 5 %, old enough to be closed; with what is given instead. */
export function cohort(number: number, parts: Partial<Cohort> = {}): Cohort {
  return {
    number,
    ageMs: 5_000,
    target: 0.05,
    canary: tally(5, 5),
    stable: tally(95, 94, 1),
    stableConsumers: [],
    ...parts,
  }
}

/** A look of one cohort that settled at once. */
export function lookOf(
  number: number,
  [canary, canaryFailed]: readonly [number, number],
  [stable, stableFailed]: readonly [number, number],
  parts: Partial<CohortLook> = {},
): CohortLook {
  return {
    first: number,
    last: number,
    opened: number,
    target: 0.05,
    elapsedMs: 1_000,
    canary: { messages: canary, failed: canaryFailed },
    stable: { messages: stable, failed: stableFailed },
    durations: undefined,
    dispersion: undefined,
    ...parts,
  }
}
