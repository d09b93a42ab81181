import type { Delivery, HandBackNote, Passage, RetryNote } from '../../../src/contracts/broker.ts'
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
  /** The broker has confirmed a copy, in time or not. */
  #isCopied = false
  #handingBack: Promise<void> | undefined
  #puttingOff: Promise<void> | undefined

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
    if (!this.#isOpen || this.isVoid) return false
    const { server, dispatch } = this.#options
    this.#handingBack ??= this.#publish((confirm) => server.handBack(dispatch, note, confirm))
    return await this.#moved('HAND_BACK_FAILED', this.#handingBack)
  }

  async retryLater(note: RetryNote): Promise<boolean> {
    if (!this.#isOpen || this.isVoid) return false
    const { server, dispatch } = this.#options
    this.#puttingOff ??= this.#publish((confirm) => server.putOff(dispatch, note, confirm))
    return await this.#moved('RETRY_FAILED', this.#puttingOff)
  }

  /** Acks once the copy is confirmed. */
  async #moved(failure: 'HAND_BACK_FAILED' | 'RETRY_FAILED', publication: Promise<void>): Promise<boolean> {
    this.#isOpen = false
    const isConfirmed = await within(this.#options.container.clock, confirmMs, publication)
    this.#isOpen = true
    if (isConfirmed) return this.#settle('ack')
    if (this.isVoid) return false
    throw new QueueCanaryError(failure, 'the broker did not confirm the message')
  }

  #publish(at: (confirm: () => void) => void): Promise<void> {
    const { connection } = this.#options.channel
    const { promise, resolve } = Promise.withResolvers<void>()
    const confirmed = (): void => {
      this.#isCopied = true
      resolve()
    }
    connection.toServer(() => at(() => connection.toClient(confirmed)))
    return promise
  }

  #settle(how: 'ack' | 'nack' | 'deadLetter'): boolean {
    const { channel, tag, dispatch } = this.#options
    if (!this.#isOpen || !channel.isLive) return false
    this.#isOpen = false
    const sent = this.#isCopied ? 'ack' : how
    channel.connection.toServer(() => channel.server?.settle(tag, sent, dispatch.number))
    return true
  }
}
