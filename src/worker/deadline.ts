import type { Clock } from '../contracts/clock.ts'

/** A moment that can be moved forward while others wait for it. */
export class Deadline {
  readonly #clock: Clock
  #endsAt: number
  #moved = new AbortController()

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#endsAt = clock.now() + ms
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.now())
  }

  get isOver(): boolean {
    return this.remainingMs === 0
  }

  /** Ends in `ms` at the latest. */
  shorten(ms: number): void {
    const endsAt = this.#clock.now() + ms
    if (endsAt >= this.#endsAt) return
    this.#endsAt = endsAt
    this.#moved.abort()
    this.#moved = new AbortController()
  }

  /** True when the promise settled while more than `keepMs` were left; false as soon as no more are. */
  async outlasts(promise: Promise<unknown>, keepMs = 0): Promise<boolean> {
    const settled = new AbortController()
    let isSettled = false
    const settle = (): void => {
      isSettled = true
      settled.abort()
    }
    promise.then(settle, settle)
    await Promise.resolve()
    while (!isSettled && this.remainingMs > keepMs) {
      await this.#clock.sleep(this.remainingMs - keepMs, AbortSignal.any([settled.signal, this.#moved.signal]))
    }
    return isSettled
  }
}

/** Waits for the promise, `ms` at most. True when it settled, either way. */
export function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Deadline(clock, ms).outlasts(promise)
}
