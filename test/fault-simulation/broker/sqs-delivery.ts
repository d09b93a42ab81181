import type { Delivery, HandBackNote, Passage, RetryNote } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { retryMs } from './broker-model.ts'
import { messageOf, passageOf } from './delivered.ts'
import type { SqsLink } from './sqs-link.ts'
import { visibilityMs } from './sqs-server.ts'
import type { Dispatch } from './stored-message.ts'

const over = Number.NEGATIVE_INFINITY
const deleteAttempts = 4
const againMs = 300

/** One receive of one message. Everything goes by its receipt, again and again until it is answered. */
export class SqsDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly returnsLeft = Infinity
  readonly #client: SqsLink
  readonly #dispatch: Dispatch
  readonly #onSettled: () => void
  #isOpen = true
  /** By the client's own clock. */
  #heldUntil: number

  constructor(client: SqsLink, dispatch: Dispatch, onSettled: () => void) {
    this.#client = client
    this.#dispatch = dispatch
    this.#onSettled = onSettled
    this.message = messageOf(dispatch, dispatch.message.deliveries - 1)
    this.passage = { ...passageOf(dispatch), retried: this.#counted() }
    this.#heldUntil = client.place.container.clock.now() + visibilityMs
  }

  /** What was said to be void stays so, whatever is heard of an extension later. */
  get isVoid(): boolean {
    if (this.#client.place.container.clock.now() >= this.#heldUntil) this.#heldUntil = over
    return this.#isOpen && this.#heldUntil === over
  }

  ack(): boolean {
    return this.#settle(() => this.#client.server.delete(this.#dispatch))
  }

  requeue(): boolean {
    return this.#settle(() => this.#client.server.changeVisibility(this.#dispatch, 0))
  }

  deadLetter(): boolean {
    return this.#settle(() => this.#client.server.deadLetter(this.#dispatch))
  }

  async handBack(note: HandBackNote): Promise<boolean> {
    if (!this.#isOpen) return false
    this.#isOpen = false
    try {
      await this.#client.ask<void>((answer) => this.#client.server.handBack(this.#dispatch, note, () => answer()))
    } catch {
      this.#isOpen = true
      throw new QueueCanaryError('HAND_BACK_FAILED', 'SQS did not confirm the message')
    }
    this.#isOpen = true
    return this.ack()
  }

  retryLater(note: RetryNote): Promise<boolean> {
    return Promise.resolve(this.#settle(() => this.#client.server.putOff(this.#dispatch, retryMs(note))))
  }

  async extend(): Promise<void> {
    const { server, place } = this.#client
    const until = place.container.clock.now() + visibilityMs
    try {
      const isHeld = await this.#client.ask<boolean>((answer) => {
        const held = server.isHeld(this.#dispatch)
        server.changeVisibility(this.#dispatch, visibilityMs)
        answer(held)
      })
      if (!isHeld) this.#heldUntil = over
      else if (this.#heldUntil !== over) this.#heldUntil = until
    } catch {
      // it is held for as long as it was
    }
  }

  /** What SQS knows of attempts: how often the message was received, here and where it was handed back from. */
  #counted(): Passage['retried'] {
    const { message } = this.#dispatch
    const attempts = message.deliveries - 1 + (message.handedBack?.deliveryCount ?? 0)
    if (!this.#client.place.keepsRetries || attempts === 0) return undefined
    return { attempts, waits: 0, version: undefined, reason: undefined }
  }

  #settle(act: () => void): boolean {
    if (!this.#isOpen || this.isVoid) return false
    this.#isOpen = false
    this.#onSettled()
    void this.#until(act)
    return true
  }

  async #until(act: () => void): Promise<void> {
    for (let attempt = 0; attempt < deleteAttempts; attempt++) {
      try {
        await this.#client.ask<void>((answer) => {
          act()
          answer()
        })
        return
      } catch {
        await this.#client.place.container.clock.sleep(againMs)
      }
    }
  }
}
