import type { Clock } from '../contracts/clock.ts'

/** How many messages wait, each until its time: counted by the tenth of a second, so that a
 * million of them cost no more than a few. */
export class WaitBook {
  readonly #clock: Clock
  readonly #due = new Map<number, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** On the clock's monotonic time, in milliseconds. */
  add(dueAt: number): void {
    const tenth = Math.floor(dueAt / 100)
    this.#due.set(tenth, (this.#due.get(tenth) ?? 0) + 1)
  }

  get size(): number {
    const now = this.#clock.now() / 100
    let size = 0
    for (const [tenth, count] of this.#due) {
      if (tenth <= now) this.#due.delete(tenth)
      else size += count
    }
    return size
  }
}
