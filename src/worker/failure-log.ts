import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'

const repeatMs = 10_000
const classLimit = 100

/** Logs failures by class: the first at once, then at most one line in ten seconds with the number that it stands for. */
export class FailureLog {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #text: string
  readonly #classes = new Map<string, { at: number; unsaid: number }>()

  constructor(log: Logger, clock: Clock, text = 'a message was not handled successfully') {
    this.#log = log
    this.#clock = clock
    this.#text = text
  }

  failed(errorClass: string, fields: object): void {
    const now = this.#clock.now()
    const seen = this.#classes.get(errorClass)
    if (seen !== undefined && now - seen.at < repeatMs) {
      seen.unsaid++
      return
    }
    if (seen === undefined && this.#classes.size >= classLimit) this.#forgetOldest()
    this.#classes.set(errorClass, { at: now, unsaid: 0 })
    this.#log.warn({ ...fields, error: errorClass, alike: (seen?.unsaid ?? 0) + 1 }, this.#text)
  }

  #forgetOldest(): void {
    for (const oldest of this.#classes.keys()) {
      this.#classes.delete(oldest)
      return
    }
  }
}
