import type { CountName, Counts } from '../core/evidence/counts.ts'
import { harmedIn, noCounts } from '../core/evidence/counts.ts'
import type { Histogram } from '../core/evidence/histogram.ts'
import { DurationCounts } from './duration-counts.ts'

export type Outcome = 'succeeded' | 'failed' | 'timedOut'

/** The counters of one consumer's life. They only grow. */
export class Tally {
  readonly #counts: Record<CountName, number> = { ...noCounts }
  readonly #durations = new DurationCounts()

  get counts(): Counts {
    return { ...this.#counts }
  }

  get taken(): number {
    return this.#counts.taken
  }

  get durations(): Histogram {
    return this.#durations.histogram
  }

  /**
   * What the failure allowance has been spent on. A redelivered message that fails is no evidence against the version, yet it is as much
   * harm as any other: the local fuse counts it.
   */
  get spentFailures(): number {
    return harmedIn(this.#counts)
  }

  add(name: CountName): void {
    this.#counts[name]++
  }

  /** The first outcome of a message from the queue. */
  first(outcome: Outcome, durationMs: number, redelivered: boolean): void {
    if (redelivered) {
      this.#counts.repeated++
      if (outcome !== 'succeeded') this.#counts.repeatedFailures++
      return
    }
    this.#counts[outcome]++
    if (outcome !== 'succeeded') return
    this.#durations.add(durationMs)
  }
}
