import type { Counts } from './counts.ts'
import type { Histogram } from './histogram.ts'

/** Missing data is `inconclusive`, a measurement that could not be made is `error`; neither ever passes a step. */
export const verdicts = ['successful', 'inconclusive', 'error', 'failed'] as const
export type Verdict = (typeof verdicts)[number]

/** One measurement of one metric, with the numbers behind it. */
export interface Measurement {
  readonly verdict: Verdict
  /** In the unit of the measure (see `Measure`); undefined where nothing could be measured. */
  readonly value: number | undefined
  /** First outcomes (or durations) that the value rests on; 0 for a gauge. */
  readonly n: number
  readonly why: string
}

/** What the coordinator remembers of a metric between looks; persisted with each decision. */
export interface MetricState {
  /** Canary totals when the running window opened, and the time since. */
  readonly windowCounts: Counts
  readonly windowDurations: Histogram
  readonly windowMs: number
  readonly failed: number
  readonly inconclusive: number
  readonly consecutiveErrors: number
  /** Measurements made in the running step. */
  readonly inStep: number
  readonly last: Measurement | undefined
  /** Id of the external reading that was measured last, so that none is measured twice. */
  readonly reading?: string | undefined
}
