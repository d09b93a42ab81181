import { project } from './projection.ts'
import type { Line } from './projection.ts'

/** Outcomes of one look. Fractions of messages are allowed: the dispersion guard makes them. */
export interface Trials {
  /** The canary's part of these messages, 0 to 1. */
  readonly share: number
  readonly canaryFailed: number
  readonly canarySucceeded: number
  readonly stableFailed: number
  readonly stableSucceeded: number
}

export function countTrials(canary: Attempts, stable: Attempts, inflation = 1): Trials {
  return {
    share: canary.messages / Math.max(1, canary.messages + stable.messages),
    canaryFailed: canary.failed / inflation,
    canarySucceeded: (canary.messages - canary.failed) / inflation,
    stableFailed: stable.failed / inflation,
    stableSucceeded: (stable.messages - stable.failed) / inflation,
  }
}

/** Messages of one version with a first outcome, and how many of them were not success. */
export interface Attempts {
  readonly messages: number
  readonly failed: number
}

/**
 * Log of what one look multiplies the evidence for an alternative (`canary`, `stable`) by: for each outcome the likelihood ratio of the alternative
 * against its projection on the line. On the null side of the line the mean of a message's factor is at most 1. Where only one version had
 * messages there is nothing to compare.
 */
export function logEvidence(line: Line, trials: Trials, canary: number, stable: number): number {
  const { slope, intercept } = line
  const { share, canaryFailed, canarySucceeded, stableFailed, stableSucceeded } = trials
  if ((share <= 0 || share >= 1) && slope !== 0) return 0
  const stableNull = project(line, share, canary, stable)
  const canaryNull = Math.min(1 - leastRate, Math.max(leastRate, slope * stableNull + intercept))
  const onCanaryFailed = canary / canaryNull
  const onCanarySucceeded = (1 - canary) / (1 - canaryNull)
  const onStableFailed = stable / stableNull
  const onStableSucceeded = (1 - stable) / (1 - stableNull)
  // The mean factor at the stable rate x of the line is `level + rise * x`: 1, but for rounding. Divided by the larger of its values at the ends
  // of the line within the unit square, the factors stay honest whatever the projection's accuracy. No logarithm exceeds `largest - 1`.
  const canaryStep = onCanaryFailed - onCanarySucceeded
  const level = share * (onCanarySucceeded + intercept * canaryStep) + (1 - share) * onStableSucceeded
  const rise = share * slope * canaryStep + (1 - share) * (onStableFailed - onStableSucceeded)
  const largest = level + Math.max(rise * startOf(line), rise * endOf(line))
  const messages = canaryFailed + canarySucceeded + stableFailed + stableSucceeded
  return (
    logPower(onCanaryFailed, canaryFailed) +
    logPower(onCanarySucceeded, canarySucceeded) +
    logPower(onStableFailed, stableFailed) +
    logPower(onStableSucceeded, stableSucceeded) -
    messages * (largest - 1)
  )
}

/** Rounding may carry a rate near 0 or 1 beyond it. */
const leastRate = 1e-15

/** Outcomes that did not happen cost no logarithm, and an impossible one that did not happen is no contradiction. */
function logPower(factor: number, times: number): number {
  return times === 0 ? 0 : times * Math.log(factor)
}

/** The stable rates between which both rates of the line are at least 0 and at most 1. */
function startOf({ slope, intercept }: Line): number {
  return intercept >= 0 ? 0 : -intercept / slope
}

function endOf({ slope, intercept }: Line): number {
  return slope + intercept <= 1 ? 1 : (1 - intercept) / slope
}
