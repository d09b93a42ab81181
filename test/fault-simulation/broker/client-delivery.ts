import type { Delivery, HandBackNote, Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { within } from '../../../src/worker/deadline.ts'
import type { Container } from '../time/container.ts'
import { messageOf, passageOf } from './delivered.ts'
import type { ClientChannel } from './client-subscription.ts'
import type { RabbitServer } from './rabbit-server.ts'
import type { Dispatch } from './stored-message.ts'

export interface ClientDeliveryOptions {
  readonly server: RabbitServer
  readonly container: Container
  readonly channel: ClientChannel
  readonly tag: number
  readonly dispatch: Dispatch
}

const confirmMs = 3_000

export class ClientDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly returnsLeft = Infinity
  readonly #options: ClientDeliveryOptions
  #isOpen = true
  #publication: Promise<void> | undefined

  constructor(options: ClientDeliveryOptions) {
    const { dispatch } = options
    this.#options = options
    this.message = messageOf(dispatch, dispatch.message.counted)
    this.passage = passageOf(dispatch)
  }

  get isVoid(): boolean {
    return !this.#options.channel.isLive
  }

  ack(): boolean {
    return this.#settle('ack')
  }

  requeue(): boolean {
    return this.#settle('nack')
  }

  deadLetter(): boolean {
    return this.#settle('deadLetter')
  }

  async handBack(note: HandBackNote): Promise<boolean> {
    const { channel, container } = this.#options
    if (!this.#isOpen || !channel.isLive) return false
    this.#isOpen = false
    this.#publication ??= this.#publish(note)
    const isConfirmed = await within(container.clock, confirmMs, this.#publication)
    this.#isOpen = true
    if (isConfirmed) return this.#settle('ack')
    if (!channel.isLive) return false
    throw new QueueCanaryError('HAND_BACK_FAILED', 'the broker did not confirm the message')
  }

  retryLater(): Promise<boolean> {
    return Promise.reject(new QueueCanaryError('RETRY_FAILED', 'the model keeps no message for later'))
  }

  #publish(note: HandBackNote): Promise<void> {
    const { channel, server, dispatch } = this.#options
    const { promise, resolve } = Promise.withResolvers<void>()
    channel.connection.toServer(() => server.handBack(dispatch, note, () => channel.connection.toClient(resolve)))
    return promise
  }

  #settle(how: 'ack' | 'nack' | 'deadLetter'): boolean {
    const { channel, tag, dispatch } = this.#options
    if (!this.#isOpen || !channel.isLive) return false
    this.#isOpen = false
    channel.connection.toServer(() => channel.server?.settle(tag, how, dispatch.number))
    return true
  }
}
