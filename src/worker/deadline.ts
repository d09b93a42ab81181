import type { Clock } from '../contracts/clock.ts'

/** A moment that can be moved forward while others wait for it. */
export class Deadline {
  readonly #clock: Clock
  #endsAt: number
  /** Those who wait, each to be woken by what it waits for or by a move. */
  readonly #sleeping = new Set<AbortController>()

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
    for (const sleep of this.#sleeping) sleep.abort(awake)
  }

  /** True when the promise settled while more than `keepMs` were left; false as soon as no more are. */
  async outlasts(promise: Promise<unknown>, keepMs = 0): Promise<boolean> {
    let isSettled = false
    let sleep: AbortController | undefined
    const settle = (): void => {
      isSettled = true
      sleep?.abort(awake)
    }
    promise.then(settle, settle)
    await Promise.resolve()
    while (!isSettled && this.remainingMs > keepMs) {
      sleep = new AbortController()
      this.#sleeping.add(sleep)
      await this.#clock.sleep(this.remainingMs - keepMs, sleep.signal)
      this.#sleeping.delete(sleep)
    }
    return isSettled
  }
}

/** An abort that is given no reason makes an error with a stack trace. */
const awake = 'awake'

/** Waits for the promise, `ms` at most. True when it settled, either way. */
export function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Deadline(clock, ms).outlasts(promise)
}
