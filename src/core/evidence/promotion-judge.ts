import type { CohortLook } from './cohort-look.ts'
import { observeExcess, openExcessTests } from './excess-bound.ts'
import type { ExcessTests } from './excess-bound.ts'
import type { FrozenRate } from './frozen-rates.ts'
import { countTrials } from './half-space.ts'
import type { Trials } from './half-space.ts'
import type { FailuresOptions } from './judge-options.ts'
import { marginLine, observePromotion, openPromotionTest } from './promotion-test.ts'
import type { PromotionTest } from './promotion-test.ts'

/** The tests that speak for a canary. */
export interface PromotionTests {
  /** Of non-inferiority; fixed at the start. */
  readonly margin: number
  readonly promotion: PromotionTest
  readonly excess: ExcessTests
  /** Not judged yet. */
  readonly batch: Batch | undefined
}

/**
 * Looks that wait to be judged together, because these tests cost most and need not be fast. A few consecutive looks under one target share
 * are a look themselves. What is assumed of them is fixed before the first.
 */
interface Batch {
  readonly looks: number
  readonly target: number
  readonly stableRate: number
  readonly trials: Trials
}

/** Looks in a batch. */
export const batchLength = 4

const mostMargin = 0.999

/** The margin of a rollout that begins while the stable version fails at this rate. */
export function marginOf({ nonInferiorityMargin }: FailuresOptions, stableRate: number): number {
  const { absolute, relative } = nonInferiorityMargin
  return Math.min(mostMargin, absolute + relative * stableRate)
}

export function openPromotionTests(margin: number): PromotionTests {
  return {
    margin,
    promotion: openPromotionTest,
    excess: openExcessTests,
    batch: undefined,
  }
}

export function observeForPromotion(
  tests: PromotionTests,
  look: CohortLook,
  { rate, inflation }: FrozenRate,
): PromotionTests {
  const trials = countTrials(look.canary, look.stable, inflation)
  const closed =
    tests.batch === undefined || tests.batch.target === look.target ? tests : judgeBatch(tests, tests.batch)
  const { batch } = closed
  const next: Batch =
    batch === undefined
      ? { looks: 1, target: look.target, stableRate: rate, trials }
      : { ...batch, looks: batch.looks + 1, trials: addTrials(batch.trials, trials) }
  return next.looks < batchLength ? { ...closed, batch: next } : judgeBatch(closed, next)
}

function judgeBatch(tests: PromotionTests, { trials, stableRate }: Batch): PromotionTests {
  return {
    ...tests,
    promotion: observePromotion(tests.promotion, marginLine(tests.margin), trials, stableRate),
    excess: observeExcess(tests.excess, trials, stableRate),
    batch: undefined,
  }
}

function addTrials(a: Trials, b: Trials): Trials {
  const canaryFailed = a.canaryFailed + b.canaryFailed
  const canarySucceeded = a.canarySucceeded + b.canarySucceeded
  const stableFailed = a.stableFailed + b.stableFailed
  const stableSucceeded = a.stableSucceeded + b.stableSucceeded
  const canary = canaryFailed + canarySucceeded
  const share = canary / (canary + stableFailed + stableSucceeded)
  return { share, canaryFailed, canarySucceeded, stableFailed, stableSucceeded }
}
