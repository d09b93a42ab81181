import type { MetricLimits } from '../policy/policy.ts'
import type { Counts } from './counts.ts'
import type { Histogram } from './histogram.ts'
import type { Measurement, MetricState } from './metric-state.ts'

/** What the limits make of a metric's measurements so far. */
export type MetricJudgement =
  | { readonly kind: 'holds' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'inconclusive'; readonly why: string }

export function openMetric(totals: { readonly counts: Counts; readonly durations: Histogram }): MetricState {
  return {
    windowCounts: totals.counts,
    windowDurations: totals.durations,
    windowMs: 0,
    failed: 0,
    inconclusive: 0,
    consecutiveErrors: 0,
    inStep: 0,
    last: undefined,
  }
}

/** Books a measurement. A failed or passed one closes its window; an inconclusive one leaves it open, so that data adds up. */
export function bookMeasurement(
  state: MetricState,
  measurement: Measurement,
  totals: { readonly counts: Counts; readonly durations: Histogram },
): MetricState {
  const { verdict } = measurement
  const closes = verdict === 'successful' || verdict === 'failed'
  return {
    windowCounts: closes ? totals.counts : state.windowCounts,
    windowDurations: closes ? totals.durations : state.windowDurations,
    windowMs: 0,
    failed: state.failed + (verdict === 'failed' ? 1 : 0),
    inconclusive: state.inconclusive + (verdict === 'inconclusive' ? 1 : 0),
    consecutiveErrors: verdict === 'error' ? state.consecutiveErrors + 1 : 0,
    inStep: state.inStep + 1,
    last: measurement,
    reading: state.reading,
  }
}

/** Limits fail on exceeding: `failed > failureLimit`, so that a limit of 0 fails on the first. */
export function judgeMetric(limits: MetricLimits, state: MetricState): MetricJudgement {
  if (limits.dryRun || state.last === undefined) return { kind: 'holds' }
  if (state.failed > limits.failureLimit) {
    return {
      kind: 'failed',
      why: `${limits.name}: ${state.last.why} (${state.failed} failed measurements, limit ${limits.failureLimit})`,
    }
  }
  if (state.consecutiveErrors > limits.consecutiveErrorLimit) {
    const errors = `${state.consecutiveErrors} errors in a row, limit ${limits.consecutiveErrorLimit}`
    return { kind: 'failed', why: `${limits.name}: ${state.last.why} (${errors})` }
  }
  if (limits.inconclusiveLimit !== undefined && state.inconclusive > limits.inconclusiveLimit) {
    const times = `${state.inconclusive} times, limit ${limits.inconclusiveLimit}`
    return { kind: 'inconclusive', why: `${limits.name}: ${state.last.why} (inconclusive ${times})` }
  }
  return { kind: 'holds' }
}

/** True when the metric's newest measurement of this step lets the step pass. Nothing measured is not enough. */
export function letsPass(limits: MetricLimits, state: MetricState | undefined): boolean {
  return limits.dryRun || (state !== undefined && state.inStep > 0 && state.last?.verdict === 'successful')
}
