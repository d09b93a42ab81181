import type { Pace } from './permits.ts'

/** The rate fades with this time constant, in milliseconds: several looks long, and short enough to follow a canary that opens up a backlog. */
const memoryMs = 300
/** How much of the new one each look takes over into the interval. A look that is late once counts for twice the interval: the next ones are not. */
const freshLook = 0.2
/** The first one may have been late, too: more than this is not believed of it. */
const longestFirstMs = 500

/** Measures how fast the queue moves and how far apart looks are. Starts at standstill: a new coordinator grants nothing ahead. */
export class PaceMeter {
  #last: { readonly total: number; readonly at: number } | undefined
  #ratePerMs = 0
  #intervalMs: number | undefined

  /** `total` messages were taken up to now. */
  look(total: number, now: number): void {
    const last = this.#last
    if (last === undefined) this.#last = { total, at: now }
    if (last === undefined || now <= last.at) return
    const sinceMs = now - last.at
    const fresh = 1 - Math.exp(-sinceMs / memoryMs)
    const seen = Math.max(0, total - last.total) / sinceMs
    this.#ratePerMs += fresh * (seen - this.#ratePerMs)
    const interval = this.#intervalMs ?? Math.min(sinceMs, longestFirstMs)
    this.#intervalMs = interval + freshLook * (Math.min(sinceMs, 2 * interval) - interval)
    this.#last = { total, at: now }
  }

  /**
   * A report is half an interval old when it is read; the grant it leads to is obeyed half an interval later on average, and has to last for
   * half of the next on average.
   */
  get pace(): Omit<Pace, 'belated'> {
    return { ratePerMs: this.#ratePerMs, horizonMs: 1.5 * (this.#intervalMs ?? 0) }
  }
}
