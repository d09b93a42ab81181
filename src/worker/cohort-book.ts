import type { CohortReport } from '../core/rollout/consumer-report.ts'
import { bucketOf } from '../core/evidence/histogram.ts'
import type { Outcome } from './tally.ts'

/** First attempts that began in one cohort. */
export interface CohortEntry {
  dispatched: number
  succeeded: number
  failed: number
  /** Of the succeeded ones, by bucket; holes where a bucket was never used. */
  readonly durations: number[]
}

/**
 * Counts first attempts by the cohort in which they began: the coordinator numbers the cohorts, and says up to which one it has taken them in.
 * Without a rollout there is no cohort and nothing is counted. Bounded by the number of cohorts that the coordinator leaves open.
 */
export class CohortBook {
  readonly #entries = new Map<number, CohortEntry>()
  #current: CohortEntry | undefined

  /** From now on, messages begin in cohort `current`; those up to `closed` are forgotten. undefined: in none. */
  turnTo(cohorts: { readonly current: number; readonly closed: number } | undefined): void {
    if (cohorts === undefined) {
      this.#entries.clear()
      this.#current = undefined
      return
    }
    for (const number of this.#entries.keys()) if (number <= cohorts.closed) this.#entries.delete(number)
    this.#current = this.#entries.get(cohorts.current) ?? this.#opened(cohorts.current)
  }

  /** Whether first attempts are counted at present. */
  get isOpen(): boolean {
    return this.#current !== undefined
  }

  /** A first attempt begins. What it returns is to be given back with its outcome. */
  begin(): CohortEntry | undefined {
    if (this.#current !== undefined) this.#current.dispatched++
    return this.#current
  }

  end(entry: CohortEntry, outcome: Outcome, durationMs: number): void {
    if (outcome !== 'succeeded') {
      entry.failed++
      return
    }
    entry.succeeded++
    const bucket = bucketOf(durationMs)
    entry.durations[bucket] = (entry.durations[bucket] ?? 0) + 1
  }

  /** The attempt ended without an outcome: it counts as none. */
  withdraw(entry: CohortEntry): void {
    entry.dispatched--
  }

  /** By number; without the cohorts in which nothing began. */
  get report(): Readonly<Record<number, CohortReport>> {
    const report: Record<number, CohortReport> = {}
    for (const [number, { durations, ...tally }] of this.#entries) {
      if (tally.dispatched > 0) report[number] = { ...tally, durations: used(durations) }
    }
    return report
  }

  #opened(number: number): CohortEntry {
    const entry = { dispatched: 0, succeeded: 0, failed: 0, durations: [] }
    this.#entries.set(number, entry)
    return entry
  }
}

function used(durations: readonly number[]): Record<number, number> {
  const buckets: Record<number, number> = {}
  durations.forEach((count, bucket) => (buckets[bucket] = count))
  return buckets
}
