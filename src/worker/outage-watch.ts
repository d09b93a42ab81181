/** So many different messages without one success between them: the fault is not theirs. */
export const outageMessages = 5

/**
 * Tells a message that cannot be handled from a time in which none can. A dependency that is down fails every message, and would have them
 * all dead-lettered. An attempt that it made fail is nobody's last one, for `patienceMs` from the first of these failures (0: it is).
 */
export class OutageWatch {
  readonly #patienceMs: number
  /** Messages that failed since the last success, as many as make an outage. */
  readonly #failing = new Set<string>()
  #since = 0
  #overAt = Number.NEGATIVE_INFINITY

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** True when this ends an outage. */
  succeeded(now: number): boolean {
    if (this.#failing.size === 0) return false
    const wasOut = this.#isOut
    if (wasOut) this.#overAt = now
    this.#failing.clear()
    return wasOut
  }

  /** True when an outage begins with it. */
  failed(id: string, now: number): boolean {
    if (this.#isOut || this.#patienceMs === 0) return false
    if (this.#failing.size === 0) this.#since = now
    this.#failing.add(id)
    return this.#isOut
  }

  /** Whether an attempt that began at `startedAt` and failed just now says nothing of its message. */
  excuses(startedAt: number, now: number): boolean {
    return startedAt <= this.#overAt || (this.#isOut && now - this.#since < this.#patienceMs)
  }

  get #isOut(): boolean {
    return this.#failing.size >= outageMessages
  }
}
