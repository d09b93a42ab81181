import type { ConsumeMessage } from 'amqplib'
import type { Delivery, HandBackNote, Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import type { Publication } from './hand-back-publisher.ts'
import { toMessage, toPassage } from './message.ts'
import type { Origin } from './message.ts'

/** Sends a settlement over the channel that brought the delivery. All return false, and send nothing, once that channel is gone. */
export interface Settler {
  readonly alive: boolean
  ack(tag: number): boolean
  nack(tag: number, requeue: boolean): boolean
}

/** What deliveries of one subscription have in common. */
export interface DeliveryContext extends Origin {
  /** Begins to publish a message to the hand-back queue; undefined where hand-back is off. */
  readonly handBack: ((raw: ConsumeMessage, note: HandBackNote, receivedAt: number) => Publication) | undefined
}

export class RabbitDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly returnsLeft = Infinity
  readonly #raw: ConsumeMessage
  readonly #settler: Settler
  readonly #context: DeliveryContext
  readonly #receivedAt: number
  #open = true
  #publication: Publication | undefined

  /** `receivedAt` in milliseconds since 1970. */
  constructor(raw: ConsumeMessage, settler: Settler, context: DeliveryContext, receivedAt: number) {
    this.message = toMessage(raw, context)
    this.passage = toPassage(raw, context)
    this.#raw = raw
    this.#settler = settler
    this.#context = context
    this.#receivedAt = receivedAt
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
    if (!this.#open || !this.#settler.alive) return false
    if (handBack === undefined) throw new QueueCanaryError('HAND_BACK_FAILED', 'hand-back is off for this queue')
    this.#open = false
    this.#publication ??= handBack(this.#raw, note, this.#receivedAt)
    try {
      await this.#publication.confirmed()
    } catch (error) {
      // what is written and not answered may still arrive: the next attempt waits for that answer and publishes nothing
      if (!this.#publication.pending) this.#publication = undefined
      this.#open = true
      throw error
    }
    return this.#settler.ack(this.#raw.fields.deliveryTag)
  }

  #return(requeue: boolean): boolean {
    if (!this.#open) return false
    this.#open = false
    return this.#settler.nack(this.#raw.fields.deliveryTag, requeue)
  }
}
