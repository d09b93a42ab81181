import type { Clock } from '../contracts/clock.ts'
import type { Work } from './work.ts'

/** Failed messages that wait, unsettled and without a slot, for their next attempt. */
export class Retries {
  readonly #clock: Clock
  readonly #resume: (work: Work) => void
  readonly #pending = new Set<Work>()
  #cancelled = new AbortController()

  constructor(clock: Clock, resume: (work: Work) => void) {
    this.#clock = clock
    this.#resume = resume
  }

  get size(): number {
    return this.#pending.size
  }

  schedule(work: Work, delayMs: number): void {
    this.#pending.add(work)
    void this.#wait(work, delayMs)
  }

  /** Takes out everything that waits. */
  cancel(): readonly Work[] {
    const all = [...this.#pending]
    this.#pending.clear()
    this.#cancelled.abort()
    this.#cancelled = new AbortController()
    return all
  }

  async #wait(work: Work, delayMs: number): Promise<void> {
    await this.#clock.sleep(delayMs, this.#cancelled.signal)
    if (this.#pending.delete(work)) this.#resume(work)
  }
}
