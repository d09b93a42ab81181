import type { Clock } from '../contracts/clock.ts'
import { isQueueCanaryError } from '../errors.ts'
import { clean, elapsed } from './view/text.ts'

/**
 * A store that does not answer for this long ends the following with its error: a restart or a failover is waited out, and so is a disk that is full
 * for a while, where a store that has answered refuses.
 */
const patienceMs = 120_000
/** Trouble that is over sooner is not worth a word. */
const quietMs = 5_000
/** A document that was there and is gone: some worker writes down again what it knows of it, if one lives. */
const goneMs = 10_000

/** Waits trouble with the store out, as long as it may pass, and says so where it lasts. */
export class Patience {
  readonly #clock: Clock
  readonly #onTrouble: (note: string) => void
  #answeredAt: number
  #hasAnswered = false
  #isTold = false

  constructor(clock: Clock, onTrouble: (note: string) => void = () => {}) {
    this.#clock = clock
    this.#onTrouble = onTrouble
    this.#answeredAt = clock.now()
  }

  answered(): void {
    this.#answeredAt = this.#clock.now()
    this.#hasAnswered = true
    if (this.#isTold) this.#onTrouble('the store can be read again')
    this.#isTold = false
  }

  /** Throws the error where it is not waited out, or not any longer. */
  failed(error: unknown): void {
    const waited = this.#clock.now() - this.#answeredAt
    const patience = patienceWith(error, this.#hasAnswered)
    if (!isQueueCanaryError(error) || waited >= patience) throw error
    if (this.#isTold || waited < quietMs) return
    this.#isTold = true
    const since = `nothing could be read from the store for ${elapsed(waited)}`
    this.#onTrouble(`${since}: ${clean(error.message)}; waiting up to ${elapsed(patience)}`)
  }
}

function patienceWith(error: unknown, hasAnswered: boolean): number {
  if (!isQueueCanaryError(error)) return 0
  if (hasAnswered && error.code === 'NOT_FOUND') return goneMs
  return error.retryable || (hasAnswered && error.code === 'STORE_REFUSED') ? patienceMs : 0
}
