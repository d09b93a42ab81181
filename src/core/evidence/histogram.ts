/**
 * Durations in logarithmic buckets that grow by 5 %: mergeable by adding, relative error of a quantile at most 2.5 %. Bucket `b` holds
 * durations in (1.05^(b-1), 1.05^b] ms with b >= 0; bucket 0 is everything up to 1 ms. Sparse: only buckets in use are present.
 */
export type Histogram = Readonly<Record<number, number>>

const growth = 1.05
const logGrowth = Math.log(growth)
/** 1.05^400 ms is about 83 hours: longer durations, and what is no number, share the last bucket. */
export const lastBucket = 400

export function bucketOf(durationMs: number): number {
  if (durationMs <= 1) return 0
  if (Number.isNaN(durationMs)) return lastBucket
  return Math.min(lastBucket, Math.ceil(Math.log(durationMs) / logGrowth))
}

/** Buckets that lie between a duration and one `ratio` times as long, rounded up: 1.25 is 5 buckets, which is 1.276. */
export function bucketsWithin(ratio: number): number {
  return Math.max(0, Math.ceil(Math.log(ratio) / logGrowth - 1e-9))
}

/** The duration that stands for a bucket: its geometric middle, in milliseconds. */
export function durationOf(bucket: number): number {
  return growth ** (bucket - 0.5)
}

export function addHistograms(a: Histogram, b: Histogram): Histogram {
  const sum: Record<number, number> = { ...a }
  for (const [bucket, count] of Object.entries(b)) sum[Number(bucket)] = (sum[Number(bucket)] ?? 0) + count
  return sum
}

/** What was added from `earlier` to `later`; never negative. */
export function histogramSince(later: Histogram, earlier: Histogram): Histogram {
  const difference: Record<number, number> = {}
  for (const [bucket, count] of Object.entries(later)) {
    const added = count - (earlier[Number(bucket)] ?? 0)
    if (added > 0) difference[Number(bucket)] = added
  }
  return difference
}

/** The same shape with `most` values at most. */
export function shrink(histogram: Histogram, most: number): Histogram {
  const total = Object.values(histogram).reduce((sum, count) => sum + count, 0)
  if (total <= most) return histogram
  return Object.fromEntries(Object.entries(histogram).map(([bucket, count]) => [bucket, (count * most) / total]))
}

/** The duration that the fraction `q` of the values does not exceed, in milliseconds; undefined without values. */
export function quantile(histogram: Histogram, q: number): number | undefined {
  const buckets = Object.entries(histogram)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .toSorted((a, b) => a.bucket - b.bucket)
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return undefined
  let seen = 0
  for (const { bucket, count } of buckets) {
    seen += count
    if (seen >= q * total) return durationOf(bucket)
  }
  return undefined
}
