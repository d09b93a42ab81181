import type { Clock } from '../../contracts/clock.ts'
import { isQueueCanaryError } from '../../errors.ts'
import { within } from '../../worker/deadline.ts'

/** What a store said, as far as it did. */
export interface Glimpse<T> {
  /** The newest answer, however old; undefined: never one. */
  readonly value: T | undefined
  /** False where the store failed, or has not answered in time. */
  readonly answered: boolean
}

/** An answer this young is given again: many scrapers are no more work for the store than one. */
const freshMs = 500

/**
 * Asks the store one question at a time, and waits for the answer only so long. A store that hangs is asked again when it has answered, not
 * once more per request.
 */
export class StoreGlance<T> {
  readonly #clock: Clock
  readonly #ask: () => Promise<T>
  #value: T | undefined
  #error: unknown
  #answeredAt = -Infinity
  #asking: Promise<void> | undefined

  constructor(clock: Clock, ask: () => Promise<T>) {
    this.#clock = clock
    this.#ask = ask
  }

  /** Never rejects. A record that is not there, or cannot be read, is an answer too. */
  async look(deadlineMs: number): Promise<Glimpse<T>> {
    if (this.#clock.now() - this.#answeredAt >= freshMs) {
      this.#asking ??= this.#question()
      if (!(await within(this.#clock, deadlineMs, this.#asking))) return { value: this.#value, answered: false }
    }
    return { value: this.#value, answered: this.#error === undefined || isAboutRecord(this.#error) }
  }

  /** The newest answer, or a rejection with the newest error. */
  async read(deadlineMs: number): Promise<T | undefined> {
    const { value, answered } = await this.look(deadlineMs)
    if (this.#error !== undefined) throw this.#error
    return answered ? value : undefined
  }

  async #question(): Promise<void> {
    try {
      this.#value = await this.#ask()
      this.#error = undefined
    } catch (error) {
      this.#error = error
      if (isAboutRecord(error)) this.#value = undefined
    } finally {
      this.#answeredAt = this.#clock.now()
      this.#asking = undefined
    }
  }
}

function isAboutRecord(error: unknown): boolean {
  return isQueueCanaryError(error, 'NOT_FOUND') || isQueueCanaryError(error, 'RECORD_INVALID')
}
