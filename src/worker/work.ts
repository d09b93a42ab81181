import type { Delivery, RetryNote } from '../contracts/broker.ts'
import type { Source } from './source.ts'
import type { CohortEntry } from './cohort-book.ts'
import type { Outcome } from './tally.ts'

export type Role = 'stable' | 'canary'

/** One attempt at one delivery. */
export class Work {
  readonly delivery: Delivery
  readonly source: Source
  readonly role: Role
  /** Over all deliveries and processes, as far as the broker's record tells. Counts from 1. */
  readonly attempt: number
  /** At this delivery. Counts from 1. */
  readonly tries: number
  readonly linkNumber: number
  startedAt = 0
  /** Messages that are handled together with it, itself included: each has its part of the time that they take. */
  companions = 1
  /** Where its first attempt is counted; undefined where it is no evidence. */
  cohort: CohortEntry | undefined
  /** Set once; what comes later is late. `abandoned`: ended without one, as in a drain. `unaccepted`: never begun. */
  outcome: Outcome | 'abandoned' | 'unaccepted' | undefined
  /** What is to be known of it should it go back before its next try. @default nothing: the broker knows what there is to know */
  note: RetryNote | undefined
  /** By a canary, which counts a message once among those taken, also where it then waits for its group. */
  isTaken = false
  /** Its place, where it is in a list (`work-list.ts`). */
  list: object | undefined
  before: Work | undefined
  after: Work | undefined
  #controller: AbortController | undefined
  #aborted = false
  #lost = false

  constructor(
    delivery: Delivery,
    source: Source,
    role: Role,
    earlier?: Pick<Work, 'attempt' | 'tries' | 'linkNumber'>,
  ) {
    this.delivery = delivery
    this.source = source
    this.role = role
    this.attempt = (earlier?.attempt ?? delivery.passage.retried?.attempts ?? 0) + 1
    this.tries = (earlier?.tries ?? 0) + 1
    this.linkNumber = earlier === undefined ? source.linkNumber : earlier.linkNumber
  }

  /** Made only when a handler asks for it: most never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted) this.#controller.abort()
    return this.#controller.signal
  }

  /** True when its link or its lease was lost: the broker delivers the message again, and settling this delivery does nothing. */
  get isVoid(): boolean {
    return this.delivery.isVoid
  }

  /** Of a message from the queue that nobody was given before, as far as the broker knows: only that is evidence. */
  get isFirstAttempt(): boolean {
    const { redelivered, deliveryCount } = this.delivery.message
    return this.attempt === 1 && !redelivered && deliveryCount === 0 && this.source.request.source === 'queue'
  }

  /** True once its handler was told that the message is somebody else's. */
  get isLost(): boolean {
    return this.#lost
  }

  lose(): void {
    this.#lost = true
    this.abort()
  }

  abort(): void {
    this.#aborted = true
    this.#controller?.abort()
  }

  /** The next try at this delivery, so many attempts having been made. */
  next(attempts = this.attempt): Work {
    const { delivery, source, role, tries, linkNumber } = this
    return new Work(delivery, source, role, { attempt: attempts, tries, linkNumber })
  }
}
