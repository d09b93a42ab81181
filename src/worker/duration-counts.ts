import { bucketOf } from '../core/evidence/histogram.ts'
import type { Histogram } from '../core/evidence/histogram.ts'

/** Counts durations as they come: an array with holes where a bucket was never used, which is quicker than a record. */
export class DurationCounts {
  readonly #buckets: number[] = []

  add(durationMs: number): void {
    const bucket = bucketOf(durationMs)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
  }

  get histogram(): Histogram {
    const used: Record<number, number> = {}
    this.#buckets.forEach((count, bucket) => (used[bucket] = count))
    return used
  }
}
