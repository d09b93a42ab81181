import type { Delivery, HandBackNote, Passage, RetryNote } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { retryMs } from './broker-model.ts'
import { messageOf, passageOf } from './delivered.ts'
import type { SqsLease } from './sqs-lease.ts'
import type { SqsLink } from './sqs-link.ts'

const settleAttempts = 4
const againMs = 300

export interface SqsDeliveryHooks {
  readonly onSettled: () => void
  /** It waits under its lease, and is delivered again. */
  readonly onPark: (note: RetryNote) => void
}

/** One receive of one message. Everything goes by its receipt, again and again until it is answered. */
export class SqsDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly lease: SqsLease
  readonly #client: SqsLink
  readonly #hooks: SqsDeliveryHooks
  #isOpen = true

  /** `parked`: what was noted when it was. */
  constructor(client: SqsLink, lease: SqsLease, hooks: SqsDeliveryHooks, parked?: RetryNote) {
    this.#client = client
    this.#hooks = hooks
    this.lease = lease
    this.message = messageOf(lease.dispatch, lease.dispatch.message.deliveries - 1)
    this.passage = { ...passageOf(lease.dispatch), retried: parked ?? this.#counted() }
  }

  get isVoid(): boolean {
    return this.#isOpen && this.lease.isOver
  }

  get returnsLeft(): number {
    return Math.max(0, this.#client.server.maxReceiveCount - this.lease.dispatch.message.counted)
  }

  ack(): boolean {
    return this.#settle(() => this.#delete())
  }

  requeue(): boolean {
    return this.#settle(() => this.#until(({ server }) => server.changeVisibility(this.lease.dispatch, 0)))
  }

  deadLetter(): boolean {
    return this.#settle(() => this.#until(({ server }) => server.deadLetter(this.lease.dispatch)))
  }

  async handBack(note: HandBackNote): Promise<boolean> {
    if (!this.#isOpen) return false
    this.#isOpen = false
    try {
      await this.#client.ask<void>((answer) => this.#client.server.handBack(this.lease.dispatch, note, () => answer()))
    } catch {
      this.#isOpen = true
      throw new QueueCanaryError('HAND_BACK_FAILED', 'SQS did not confirm the message')
    }
    this.#isOpen = true
    return this.ack()
  }

  retryLater(note: RetryNote): Promise<boolean> {
    return Promise.resolve(this.#settle(() => this.#putOff(note)))
  }

  /** What nobody accepts yet would use its receives up: it is sent anew, or parked where there is an order to keep. */
  async #putOff(note: RetryNote): Promise<void> {
    const { server } = this.#client
    const { dispatch } = this.lease
    const isAnew = note.reason === 'unaccepted' && !server.isFifo
    if (note.reason === 'unaccepted' && server.isFifo && note.keep === true) this.#hooks.onPark(note)
    else if (!isAnew) await this.#until(() => server.putOff(dispatch, retryMs(note)))
    else if (await this.#until(() => server.sendAnew(dispatch, note, retryMs(note)))) await this.#delete()
  }

  #delete(): Promise<boolean> {
    return this.#until(({ server }) => server.delete(this.lease.dispatch))
  }

  /** What SQS knows of attempts: how often the message was received, here and where it was handed back from; and what was noted on a copy. */
  #counted(): Passage['retried'] {
    const { message } = this.lease.dispatch
    const { retried, handedBack } = message
    const attempts = message.deliveries - 1 + (handedBack?.deliveryCount ?? 0) + (retried?.attempts ?? 0)
    if (retried !== undefined) return { ...retried, attempts }
    if (!this.#client.place.keepsRetries || attempts === 0) return undefined
    return { attempts, waits: 0, version: undefined, reason: undefined }
  }

  #settle(act: () => Promise<unknown>): boolean {
    if (!this.#isOpen || this.isVoid) return false
    this.#isOpen = false
    this.#hooks.onSettled()
    void act()
    return true
  }

  async #until(act: (client: SqsLink) => void): Promise<boolean> {
    for (let attempt = 0; attempt < settleAttempts; attempt++) {
      try {
        await this.#client.ask<void>((answer) => {
          act(this.#client)
          answer()
        })
        return true
      } catch {
        await this.#client.place.container.clock.sleep(againMs)
      }
    }
    return false
  }
}
