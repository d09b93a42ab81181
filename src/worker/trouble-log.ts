import type { Logger } from '../contracts/logger.ts'
import { describeTrouble } from './describe-trouble.ts'

/** Says when a trouble begins, when it changes and when it is over; not each time it is met. */
export class TroubleLog {
  readonly #log: Logger
  readonly #what: string
  #met: string | undefined

  constructor(log: Logger, what: string) {
    this.#log = log
    this.#what = what
  }

  met(error: unknown): void {
    this.tell(describeTrouble(error))
  }

  tell(trouble: string): void {
    if (trouble === this.#met) return
    this.#met = trouble
    this.#log.warn({ error: trouble }, this.#what)
  }

  over(): void {
    if (this.#met === undefined) return
    this.#met = undefined
    this.#log.info({}, `no longer: ${this.#what}`)
  }
}
