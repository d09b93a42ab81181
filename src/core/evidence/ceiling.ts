import { assertNever } from '../assert-never.ts'
import type { CeilingMetric, Range } from '../policy/policy.ts'
import { failedIn, firstOutcomes } from './counts.ts'
import type { Counts } from './counts.ts'
import type { Histogram } from './histogram.ts'
import { quantile } from './histogram.ts'
import type { Measurement } from './metric-state.ts'

/** What a ceiling may be measured from: the canary's window, and gauges of the moment. */
export interface Sample {
  readonly counts: Counts
  readonly durations: Histogram
  readonly backlog: number | undefined
  readonly oldestAgeMs: number | undefined
  readonly eventLoopDelayMs: number | undefined
}

/**
 * Holds one measured value against the metric's threshold. No data is inconclusive, an unreadable gauge an error. A rate above its ceiling
 * that rests on a single bad message is inconclusive too: one message is no rate.
 */
export function measureCeiling(metric: CeilingMetric, sample: Sample): Measurement {
  const { value, n, gauge } = valueOf(metric, sample)
  if (value === undefined) {
    return gauge
      ? { verdict: 'error', value, n, why: `${metric.measure} could not be read` }
      : { verdict: 'inconclusive', value, n, why: `${metric.measure}: no message of the canary to measure` }
  }
  const shown = `${metric.measure} ${format(metric, value)}${gauge ? '' : ` of n=${n}`}`
  if (isWithin(value, metric.threshold))
    return { verdict: 'successful', value, n, why: `${shown} is within ${formatRange(metric)}` }
  if (isRate(metric) && Math.round(value * n) <= 1 && n < 1 / (metric.threshold.max || 1)) {
    return { verdict: 'inconclusive', value, n, why: `${shown} rests on a single message` }
  }
  return { verdict: 'failed', value, n, why: `${shown} is outside ${formatRange(metric)}` }
}

/** NaN is within nothing. */
export function isWithin(value: number, range: Range): boolean {
  return value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity)
}

interface Value {
  readonly value: number | undefined
  readonly n: number
  readonly gauge: boolean
}

function valueOf(metric: CeilingMetric, sample: Sample): Value {
  const outcomes = firstOutcomes(sample.counts)
  switch (metric.measure) {
    case 'failureRate':
      return rate(failedIn(sample.counts), outcomes)
    case 'timeouts':
      return rate(sample.counts.timedOut, outcomes)
    case 'p50':
      return duration(sample, 0.5)
    case 'p95':
      return duration(sample, 0.95)
    case 'p99':
      return duration(sample, 0.99)
    case 'deadLetters':
      return gauge(sample.counts.deadLettered)
    case 'backlog':
      return gauge(sample.backlog)
    case 'oldestAge':
      return gauge(sample.oldestAgeMs)
    case 'eventLoopDelay':
      return gauge(sample.eventLoopDelayMs)
    default:
      return assertNever(metric.measure)
  }
}

function rate(part: number, n: number): Value {
  return { value: n > 0 ? part / n : undefined, n, gauge: false }
}

function duration(sample: Sample, q: number): Value {
  const n = Object.values(sample.durations).reduce((sum, count) => sum + count, 0)
  return { value: quantile(sample.durations, q), n, gauge: false }
}

/** NaN and infinities are no readings. */
function gauge(value: number | undefined): Value {
  return { value: Number.isFinite(value) ? value : undefined, n: 0, gauge: true }
}

function isRate(metric: CeilingMetric): boolean {
  return metric.measure === 'failureRate' || metric.measure === 'timeouts'
}

function formatRange(metric: CeilingMetric): string {
  const { min, max } = metric.threshold
  if (min === undefined) return `max ${format(metric, max ?? Infinity)}`
  if (max === undefined) return `min ${format(metric, min)}`
  return `${format(metric, min)} to ${format(metric, max)}`
}

function format(metric: CeilingMetric, value: number): string {
  if (isRate(metric)) return `${Number((value * 100).toPrecision(3))} %`
  if (metric.measure === 'deadLetters' || metric.measure === 'backlog') return String(Math.round(value))
  return `${Number(value.toPrecision(3))} ms`
}
