import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { brokerError, isLimit } from './failures.ts'
import type { Place } from './failures.ts'
import { waits, withDeadline } from './timing.ts'

export interface PublicationSettings {
  readonly clock: Clock
  /** The server and the queue that the message goes to. */
  readonly place: Required<Place>
  /** What it means that there is no confirmation. */
  readonly failure: 'HAND_BACK_FAILED' | 'RETRY_FAILED'
}

const whatFailed = { HAND_BACK_FAILED: 'hand-back', RETRY_FAILED: 'retry' } as const

/** One message on its way to a queue of ours. */
export class Publication {
  readonly #settings: PublicationSettings
  readonly #outcome: Promise<void>
  #state: 'waiting' | 'written' | 'confirmed' | 'over' = 'waiting'

  /** `work` publishes if it is told that it may, at the moment of writing. */
  constructor(settings: PublicationSettings, work: (mayWrite: () => boolean) => Promise<void>) {
    this.#settings = settings
    this.#outcome = this.#run(work)
    this.#outcome.catch(() => undefined)
  }

  /**
   * True once nothing comes of it any more: it was not written in time, or writing it failed. The broker may have it all the same where the link was
   * lost meanwhile.
   */
  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** True once the broker has said that it has the message, also where that came after the deadline. */
  get isConfirmed(): boolean {
    return this.#state === 'confirmed'
  }

  /**
   * Resolves when the broker has the message. Rejects with the failure's code, or with `BROKER_REFUSED` for what cannot be sent or is
   * denied, after the deadline at the latest; what was not written by then is not published later. While the message is pending it may be asked again.
   */
  async confirmed(): Promise<void> {
    const { clock, place, failure } = this.#settings
    try {
      await withDeadline(this.#outcome, waits.confirm, clock)
    } catch (error) {
      if (this.#state === 'waiting') this.#state = 'over'
      const trouble = brokerError(error, place)
      // A retry waits in the worker as long; a message that is handed back has nowhere else to wait.
      const isLasting = failure === 'RETRY_FAILED' || !isLimit(trouble)
      if (trouble.code === 'BROKER_REFUSED' && isLasting) throw trouble
      throw new QueueCanaryError(failure, `${whatFailed[failure]} not confirmed: ${trouble.message}`, { cause: error })
    }
  }

  async #run(work: (mayWrite: () => boolean) => Promise<void>): Promise<void> {
    try {
      await work(() => {
        if (this.#state === 'over') return false
        this.#state = 'written'
        return true
      })
      if (this.#state === 'written') this.#state = 'confirmed'
    } catch (error) {
      this.#state = 'over'
      throw error
    }
  }
}
