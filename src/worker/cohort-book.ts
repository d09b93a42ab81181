import type { CohortReport } from '../core/rollout/consumer-report.ts'
import type { Attempts } from '../core/evidence/half-space.ts'
import { DurationCounts } from './duration-counts.ts'
import type { Outcome } from './tally.ts'

/** First attempts that began in one cohort. */
export interface CohortEntry {
  dispatched: number
  succeeded: number
  failed: number
  /** Of the succeeded ones. */
  readonly durations: DurationCounts
  /** The coordinator has taken it in. */
  isClosed: boolean
}

/**
 * Counts first attempts by the cohort in which they began: the coordinator numbers the cohorts, and says up to which one it has taken them in.
 * Without a rollout there is no cohort and nothing is counted. Bounded by the number of cohorts that the coordinator leaves open.
 */
export class CohortBook {
  readonly #entries = new Map<number, CohortEntry>()
  #current: CohortEntry | undefined
  #unjudged = { messages: 0, failed: 0 }

  /** From now on, messages begin in cohort `current`; those up to `closed` are forgotten. undefined: in none. */
  turnTo(cohorts: { readonly current: number; readonly closed: number } | undefined): void {
    const closed = cohorts?.closed ?? Infinity
    for (const [number, entry] of this.#entries) if (number <= closed) this.#close(number, entry)
    if (cohorts === undefined) {
      this.#current = undefined
      return
    }
    this.#current = this.#entries.get(cohorts.current) ?? this.#opened(cohorts.current)
  }

  /** Whether first attempts are counted at present. */
  get isOpen(): boolean {
    return this.#current !== undefined
  }

  /** Outcomes that no coordinator has taken in yet. */
  get unjudged(): Attempts {
    return this.#unjudged
  }

  /** A first attempt begins. What it returns is to be given back with its outcome. */
  begin(): CohortEntry | undefined {
    if (this.#current !== undefined) this.#current.dispatched++
    return this.#current
  }

  end(entry: CohortEntry, outcome: Outcome, durationMs: number): void {
    if (!entry.isClosed) {
      this.#unjudged.messages++
      if (outcome !== 'succeeded') this.#unjudged.failed++
    }
    if (outcome !== 'succeeded') {
      entry.failed++
      return
    }
    entry.succeeded++
    entry.durations.add(durationMs)
  }

  /** The attempt ended without an outcome: it counts as none. */
  withdraw(entry: CohortEntry): void {
    entry.dispatched--
  }

  /** By number; without the cohorts in which nothing began. */
  get report(): Readonly<Record<number, CohortReport>> {
    const report: Record<number, CohortReport> = {}
    for (const [number, { dispatched, succeeded, failed, durations }] of this.#entries) {
      if (dispatched > 0) report[number] = { dispatched, succeeded, failed, durations: durations.histogram }
    }
    return report
  }

  #close(number: number, entry: CohortEntry): void {
    this.#entries.delete(number)
    entry.isClosed = true
    this.#unjudged.messages -= entry.succeeded + entry.failed
    this.#unjudged.failed -= entry.failed
  }

  #opened(number: number): CohortEntry {
    const entry = { dispatched: 0, succeeded: 0, failed: 0, durations: new DurationCounts(), isClosed: false }
    this.#entries.set(number, entry)
    return entry
  }
}
