import type { CohortLook } from './cohort-look.ts'
import type { FrozenRate } from './frozen-rates.ts'
import { countTrials } from './half-space.ts'
import type { JudgeOptions } from './judge-options.ts'
import { latencyEvidence, observeLatency } from './latency-test.ts'
import type { LatencyTest } from './latency-test.ts'
import { evidenceIn, observeMixture } from './mixture.ts'
import type { Mixture } from './mixture.ts'

/** The tests that speak against a canary; undefined where nobody asked for one. */
export interface RollbackTests {
  /** It fails more often than the stable version, by more than the margin. */
  readonly failures: Mixture | undefined
  /** It is slower, by more than the tolerance. */
  readonly latency: LatencyTest | undefined
  /** It fails more often than the ceiling. */
  readonly ceiling: Mixture | undefined
}

/** Takes in one settled look. */
export function observeRollback(
  tests: RollbackTests,
  look: CohortLook,
  frozen: FrozenRate,
  options: JudgeOptions,
): RollbackTests {
  return { ...observeFailures(tests, look, frozen, options), latency: observeDurations(tests.latency, look, options) }
}

/** The part that imputed looks may be shown to as well: with each outcome that turns out worse for the canary than imputed it only rises. */
export function observeFailures(
  tests: RollbackTests,
  look: CohortLook,
  { rate, inflation }: FrozenRate,
  options: JudgeOptions,
): RollbackTests {
  if (look.canary.messages === 0) return tests
  const { failures, latency, ceiling } = tests
  const trials = countTrials(look.canary, look.stable, inflation)
  const comparison = { slope: 1 + (options.failures?.rollbackMargin ?? 0), intercept: 0 }
  const bound = { slope: 0, intercept: options.ceiling?.rate ?? 1 }
  return {
    failures: failures && observeMixture(failures, comparison, trials, rate),
    latency,
    ceiling: ceiling && observeMixture(ceiling, bound, trials, rate),
  }
}

export interface RollbackEvidence {
  readonly failures: number
  readonly latency: number
  readonly ceiling: number
}

/** Evidence of each test; 1 where there is none. */
export function rollbackEvidence({ failures, latency, ceiling }: RollbackTests): RollbackEvidence {
  return {
    failures: failures === undefined ? 1 : evidenceIn(failures),
    latency: latency === undefined ? 1 : latencyEvidence(latency),
    ceiling: ceiling === undefined ? 1 : evidenceIn(ceiling),
  }
}

/** Whether slowness speaks louder against the canary than failures do, by the parts that both have in the decision. */
export function isSlowness({ failures, latency }: RollbackEvidence, options: JudgeOptions): boolean {
  const weights = weightsOf(options)
  return weights.latency * latency > weights.failures * failures
}

function weightsOf({ failures, latency, ceiling }: JudgeOptions) {
  return { failures: failures?.weight ?? 0, latency: latency?.weight ?? 0, ceiling: ceiling?.weight ?? 0 }
}

/** The weighted mean of e-processes is one, so that all tests share one significance level. */
export function combinedEvidence({ failures, latency, ceiling }: RollbackEvidence, options: JudgeOptions): number {
  const weights = weightsOf(options)
  const all = weights.failures + weights.latency + weights.ceiling
  if (all === 0) return 1
  return (weights.failures * failures + weights.latency * latency + weights.ceiling * ceiling) / all
}

function observeDurations(test: LatencyTest | undefined, look: CohortLook, options: JudgeOptions) {
  if (test === undefined || options.latency === undefined || look.durations === undefined) return test
  return observeLatency(test, look.durations, options.latency.shift, look.elapsedMs)
}
