import { logEvidence } from './half-space.ts'
import type { Trials } from './half-space.ts'
import type { Line } from './projection.ts'

/**
 * Evidence that the canary is not worse by the margin, as the logs of two bets of equal size: on a canary that fails exactly as often as the
 * stable version, and on one half-way to the margin (in logs of the rates).
 */
export type PromotionTest = readonly [number, number]

export const openPromotionTest: PromotionTest = [0, 0]

/**
 * The line that a canary worse by `margin` lies on: of the messages that the stable version handles, it fails that fraction more. The line stays
 * inside the unit square whatever the baseline does, so an outage of both versions proves nothing.
 */
export function marginLine(margin: number): Line {
  return { slope: 1 - margin, intercept: margin }
}

export function observePromotion(test: PromotionTest, line: Line, trials: Trials, stableRate: number): PromotionTest {
  const halfway = Math.sqrt(stableRate * (line.slope * stableRate + line.intercept))
  return [
    test[0] + logEvidence(line, trials, stableRate, stableRate),
    test[1] + logEvidence(line, trials, halfway, stableRate),
  ]
}

/** Log of the evidence for promotion; 0 at the start. */
export function logPromotionEvidence([equal, halfway]: PromotionTest): number {
  const larger = Math.max(equal, halfway)
  return larger + Math.log((Math.exp(equal - larger) + Math.exp(halfway - larger)) / 2)
}
