import type { Analysis } from '../policy/policy.ts'
import { bucketsWithin } from './histogram.ts'

/** How a canary is compared with the stable version. Rates and probabilities are fractions of one. */
export interface JudgeOptions {
  /** Chance, over the whole rollout, of rolling back a canary that is not worse. */
  readonly significanceLevel: number
  /** Chance of promoting a canary that is worse by the margin. */
  readonly promotionErrorRate: number
  readonly failures: FailuresOptions | undefined
  readonly latency: LatencyOptions | undefined
  readonly ceiling: CeilingOptions | undefined
}

export interface FailuresOptions {
  /** Relative increase of the failure rate that is no reason to roll back. */
  readonly rollbackMargin: number
  readonly nonInferiorityMargin: { readonly absolute: number; readonly relative: number }
  /** Its part in the decision to roll back, relative to the other tests'; 0: measured, not acted upon. */
  readonly weight: number
}

export interface LatencyOptions {
  /** Buckets by which the canary may be slower: 5 is x1.276. */
  readonly shift: number
  readonly weight: number
}

/** An absolute bound that needs no stable traffic. */
export interface CeilingOptions {
  /** Failure rate that the canary may have. */
  readonly rate: number
  readonly weight: number
}

const failuresWeight = 0.7
const latencyWeight = 0.3

/** What a policy's built-in metrics ask for. A dry run is measured and has no part in decisions. */
export function judgeOptionsOf(analysis: Analysis): JudgeOptions {
  const failures = analysis.metrics.find((metric) => metric.kind === 'failures')
  const latency = analysis.metrics.find((metric) => metric.kind === 'latency')
  return {
    significanceLevel: analysis.significanceLevel,
    promotionErrorRate: analysis.promotionErrorRate,
    failures: failures && {
      rollbackMargin: failures.rollbackMargin,
      nonInferiorityMargin: failures.nonInferiorityMargin,
      weight: failures.dryRun ? 0 : failuresWeight,
    },
    latency: latency && {
      shift: bucketsWithin(1 + latency.slowdownTolerance),
      weight: latency.dryRun ? 0 : latencyWeight,
    },
    ceiling: undefined,
  }
}
