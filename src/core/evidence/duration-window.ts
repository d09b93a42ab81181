import { lastBucket } from './histogram.ts'
import type { Histogram } from './histogram.ts'

/** Consecutive buckets of a histogram as an array, from the first in use to the last: quick to walk. */
export interface DurationWindow {
  readonly first: number
  readonly counts: readonly number[]
}

export const noDurations: DurationWindow = { first: 0, counts: [] }

export function windowOf(histogram: Histogram): DurationWindow {
  let first = 0
  while (first <= lastBucket && isEmpty(histogram, first)) first++
  if (first > lastBucket) return noDurations
  let last = lastBucket
  while (isEmpty(histogram, last)) last--
  const counts: number[] = []
  for (let bucket = first; bucket <= last; bucket++) counts.push(histogram[bucket] ?? 0)
  return { first, counts }
}

function isEmpty(histogram: Histogram, bucket: number): boolean {
  const count = histogram[bucket]
  return count === undefined || count === 0
}

export function addWindows(a: DurationWindow, b: DurationWindow): DurationWindow {
  if (b.counts.length === 0) return a
  if (a.counts.length === 0) return b
  const first = Math.min(a.first, b.first)
  const end = Math.max(a.first + a.counts.length, b.first + b.counts.length)
  const counts: number[] = []
  for (let bucket = first; bucket < end; bucket++) counts.push(countIn(a, bucket) + countIn(b, bucket))
  return { first, counts }
}

export function countIn({ first, counts }: DurationWindow, bucket: number): number {
  return bucket < first || bucket >= first + counts.length ? 0 : (counts[bucket - first] ?? 0)
}

export function totalOf({ counts }: DurationWindow): number {
  let sum = 0
  for (let index = 0; index < counts.length; index++) sum += counts[index] ?? 0
  return sum
}

/** How many lie in buckets after this one. */
export function countAbove({ first, counts }: DurationWindow, bucket: number): number {
  let sum = 0
  for (let index = Math.max(0, bucket - first + 1); index < counts.length; index++) sum += counts[index] ?? 0
  return sum
}

/** Without the buckets at both ends that hold no more than `least` together. */
export function trimmed(window: DurationWindow, least: number): DurationWindow {
  const { first, counts } = window
  const start = negligibleFrom(counts, least, 1)
  if (start === counts.length) return noDurations
  const end = counts.length - negligibleFrom(counts, least, -1)
  return start === 0 && end === counts.length ? window : { first: first + start, counts: counts.slice(start, end) }
}

/** How many counts, from the start on or from the end back, add up to no more than `least`. */
function negligibleFrom(counts: readonly number[], least: number, direction: 1 | -1): number {
  let sum = 0
  for (let skipped = 0; skipped < counts.length; skipped++) {
    sum += counts[direction === 1 ? skipped : counts.length - 1 - skipped] ?? 0
    if (sum > least) return skipped
  }
  return counts.length
}
