import { logEvidence } from './half-space.ts'
import type { Trials } from './half-space.ts'
import { marginLine } from './promotion-test.ts'

/**
 * Excess failure rates that are tested, from the largest: `d` means that of the messages that the stable version handles, the canary fails a
 * fraction of at least `d` more.
 */
export const excesses: readonly number[] = [
  1 - 1e-6,
  0.7,
  0.5,
  0.35,
  0.25,
  0.18,
  0.12,
  0.08,
  0.055,
  0.04,
  0.028,
  0.02,
  0.014,
  0.01,
  0.007,
  0.005,
  0.0035,
  0.0025,
  0.0018,
  0.0012,
  0.0008,
  0.0005,
  0.0003,
  0.0002,
  0.0001,
]
const lines = excesses.map(marginLine)

/** Logs of the evidence against each of the excesses. */
export type ExcessTests = readonly number[]

export const openExcessTests: ExcessTests = excesses.map(() => 0)

export function observeExcess(tests: ExcessTests, trials: Trials, stableRate: number): ExcessTests {
  const observed: number[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]
    if (line !== undefined) observed.push((tests[index] ?? 0) + logEvidence(line, trials, stableRate, stableRate))
  }
  return observed
}

/**
 * The upper end of a confidence sequence: at every look at once, the canary's excess is below it with a probability of at least
 * `1 - errorRate`. 1 while nothing is ruled out.
 */
export function excessBound(tests: ExcessTests, errorRate: number): number {
  const needed = Math.log(1 / errorRate)
  let bound = 1
  for (const [index, excess] of excesses.entries()) {
    if ((tests[index] ?? 0) < needed) return bound
    bound = excess
  }
  return bound
}
