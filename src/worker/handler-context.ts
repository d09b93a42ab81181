import type { HandlerContext } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Role, Work } from './work.ts'

export class Context implements HandlerContext {
  readonly version: string
  readonly log: Logger
  readonly #work: Work

  constructor(work: Work, version: string, log: Logger) {
    this.#work = work
    this.version = version
    this.log = log
  }

  get signal(): AbortSignal {
    return this.#work.signal
  }

  get role(): Role {
    return this.#work.role
  }

  get attempt(): number {
    return this.#work.attempt
  }
}
