import { durationOf } from '../../core/evidence/histogram.ts'
import type { Histogram } from '../../core/evidence/histogram.ts'

/** Upper bounds in seconds, from a millisecond to a minute; what is longer is counted by `+Inf` alone. */
export const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const

/** A histogram as Prometheus counts: cumulative. */
export interface DurationBuckets {
  /** Durations up to each of `durationBounds`. */
  readonly counts: readonly number[]
  readonly count: number
  /** Seconds, made of the middles of the buckets: within 2.5 %. */
  readonly sum: number
}

/** A bucket of ours counts where its middle lies, so a bound is kept within 2.5 %. */
export function durationBuckets(histogram: Histogram): DurationBuckets {
  const counts = durationBounds.map(() => 0)
  let [count, sum] = [0, 0]
  for (const [bucket, n] of Object.entries(histogram)) {
    const seconds = durationOf(Number(bucket)) / 1_000
    count += n
    sum += n * seconds
    const first = durationBounds.findIndex((bound) => seconds <= bound)
    if (first >= 0) for (let at = first; at < counts.length; at += 1) counts[at] = (counts[at] ?? 0) + n
  }
  return { counts, count, sum }
}
