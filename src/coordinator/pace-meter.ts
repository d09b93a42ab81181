import type { Pace } from '../core/allocation/allocate.ts'

/** Averages fade with this time constant, in milliseconds: long enough for 20 msg/s, short enough for a burst. */
const memoryMs = 1_000

/** Measures how fast the queue moves and how far apart looks are. Starts at standstill: a new coordinator grants nothing ahead. */
export class PaceMeter {
  #total: number | undefined
  #ratePerMs = 0
  #intervalMs: number | undefined

  look(total: number, sinceMs: number): void {
    if (sinceMs > 0) {
      const fresh = 1 - Math.exp(-sinceMs / memoryMs)
      const moved = this.#total === undefined ? 0 : Math.max(0, total - this.#total)
      this.#ratePerMs += fresh * (moved / sinceMs - this.#ratePerMs)
      this.#intervalMs =
        this.#intervalMs === undefined ? sinceMs : this.#intervalMs + fresh * (sinceMs - this.#intervalMs)
    }
    this.#total = total
  }

  /**
   * A report is half an interval old when it is read; the grant it leads to is obeyed half an interval later on average, and has to last for
   * half of the next on average.
   */
  get pace(): Pace {
    return { ratePerMs: this.#ratePerMs, horizonMs: 1.5 * (this.#intervalMs ?? 0) }
  }
}
