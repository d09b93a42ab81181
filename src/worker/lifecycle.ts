import type { Logger } from '../contracts/logger.ts'
import type { ConsumerState } from '../core/rollout/consumer-report.ts'
import { consumerStates } from '../core/rollout/consumer-report.ts'

/**
 * The states of one consumer, one way only:
 *
 *   starting ──▶ ready ──▶ draining ──▶ drained ──▶ gone      (any state may be skipped)
 */
export class Lifecycle {
  readonly #log: Logger
  readonly #onState: (state: ConsumerState) => void
  #state: ConsumerState = 'starting'

  constructor(log: Logger, onState: (state: ConsumerState) => void) {
    this.#log = log
    this.#onState = onState
  }

  get state(): ConsumerState {
    return this.#state
  }

  /** A step back, or to where it is, does nothing. */
  to(next: ConsumerState, fields: object = {}): void {
    if (!this.isBefore(next)) return
    this.#log.info({ ...fields, from: this.#state, to: next }, `the consumer is ${next}`)
    this.#state = next
    this.#onState(next)
  }

  isBefore(state: ConsumerState): boolean {
    return consumerStates.indexOf(this.#state) < consumerStates.indexOf(state)
  }
}
