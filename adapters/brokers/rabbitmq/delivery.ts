import type { ConsumeMessage } from 'amqplib'
import type { Delivery, HandBackNote, Passage, RetryNote } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import type { CarryTerms } from './carried-message.ts'
import { toMessage, toPassage } from './message.ts'
import type { Origin } from './origin.ts'
import type { Publication } from './publication.ts'
import { laterOf } from './retry-record.ts'
import type { Later } from './retry-record.ts'

/** Sends a settlement over the channel that brought the delivery. All return false, and send nothing, once that channel is gone. */
export interface Settler {
  readonly alive: boolean
  ack(tag: number): boolean
  nack(tag: number, requeue: boolean): boolean
}

/** What is known of a delivery beside its message. */
export type Receipt = Pick<CarryTerms, 'later' | 'receivedAt'>

/** What deliveries of one subscription have in common. */
export interface DeliveryContext extends Origin {
  /** Begins to publish a message to the hand-back queue; undefined where hand-back is off. */
  readonly handBack: ((raw: ConsumeMessage, note: HandBackNote, receipt: Receipt) => Publication) | undefined
  /** Begins to publish a message to a delay queue. */
  readonly retryLater: (raw: ConsumeMessage, note: RetryNote, receipt: Receipt) => Publication
}

export class RabbitDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly returnsLeft = Infinity
  readonly #raw: ConsumeMessage
  readonly #settler: Settler
  readonly #context: DeliveryContext
  readonly #receivedAt: number
  readonly #later: Later | undefined
  #open = true
  #publication: Publication | undefined

  /** `receivedAt` in milliseconds since 1970. */
  constructor(raw: ConsumeMessage, settler: Settler, context: DeliveryContext, receivedAt: number) {
    const later = laterOf(raw, context)
    this.message = toMessage(raw, context, later)
    this.passage = toPassage(raw, context, later, receivedAt)
    this.#raw = raw
    this.#settler = settler
    this.#context = context
    this.#receivedAt = receivedAt
    this.#later = later
  }

  get isVoid(): boolean {
    return !this.#settler.alive
  }

  ack(): boolean {
    if (!this.#open) return false
    this.#open = false
    return this.#settler.ack(this.#raw.fields.deliveryTag)
  }

  requeue(): boolean {
    return this.#return(true)
  }

  deadLetter(): boolean {
    return this.#return(false)
  }

  async handBack(note: HandBackNote): Promise<boolean> {
    const { handBack } = this.#context
    return this.#handOver((receipt) => {
      if (handBack === undefined) throw new QueueCanaryError('HAND_BACK_FAILED', 'hand-back is off for this queue')
      return handBack(this.#raw, note, receipt)
    })
  }

  async retryLater(note: RetryNote): Promise<boolean> {
    return this.#handOver((receipt) => this.#context.retryLater(this.#raw, note, receipt))
  }

  async #handOver(publish: (receipt: Receipt) => Publication): Promise<boolean> {
    if (!this.#open || !this.#settler.alive) return false
    // what is written and not answered may still arrive: this attempt waits for that answer, and publishes nothing
    if (this.#publication?.isOver !== false)
      this.#publication = publish({ later: this.#later, receivedAt: this.#receivedAt })
    this.#open = false
    try {
      await this.#publication.confirmed()
    } catch (error) {
      this.#open = true
      throw error
    }
    return this.#settler.ack(this.#raw.fields.deliveryTag)
  }

  #return(requeue: boolean): boolean {
    // the broker has the copy by now: this one would be a second
    if (this.#publication?.isConfirmed === true) return this.ack()
    if (!this.#open) return false
    this.#open = false
    return this.#settler.nack(this.#raw.fields.deliveryTag, requeue)
  }
}
