import { isLinked } from '../../../src/contracts/broker.ts'
import type { DeliverySink, LinkState } from '../../../src/contracts/broker.ts'
import type { Logger } from '../../../src/contracts/logger.ts'

/** Tells the sink of every change, and the log of the beginning and the end of a trouble. */
export class LinkReport {
  readonly #queue: string
  readonly #sink: DeliverySink
  readonly #log: Logger | undefined
  #state: LinkState | undefined
  #reason: string | undefined
  #isAway = false

  constructor(queue: string, sink: DeliverySink, log: Logger | undefined) {
    this.#queue = queue
    this.#sink = sink
    this.#log = log
  }

  /** What is known already is no news, and after `closed` comes none. `settling`: why messages cannot be settled, of which the log was told. */
  tell(state: LinkState, reason?: string, settling?: string): void {
    const told = [reason, settling].filter((each) => each !== undefined).join('; ') || undefined
    const isNews = state !== this.#state || told !== this.#reason
    if (!isNews || this.#state === 'closed') return
    this.#state = state
    this.#reason = told
    this.#note(state, reason)
    this.#sink.onLink(state, told)
  }

  #note(state: LinkState, reason: string | undefined): void {
    this.#log?.debug({ queue: this.#queue, state, reason: this.#reason }, 'subscription state')
    if (state === 'connecting' && reason !== undefined)
      this.#away(reason, 'SQS cannot be reached; it is tried again and again')
    else if (isLinked(state) && reason !== undefined)
      this.#away(reason, 'SQS gives nothing to this consumer, which asks less often')
    else if (isLinked(state)) this.#back()
  }

  #away(reason: string, what: string): void {
    if (this.#isAway) return
    this.#isAway = true
    this.#log?.warn({ queue: this.#queue, reason }, what)
  }

  #back(): void {
    if (!this.#isAway) return
    this.#isAway = false
    this.#log?.info({ queue: this.#queue }, 'SQS answers again')
  }
}
