import type { Delivery, HandBackNote, Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { within } from '../../../src/worker/deadline.ts'
import type { Container } from '../time/container.ts'
import type { ClientChannel } from './client-subscription.ts'
import { handBackName } from './rabbit-server.ts'
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

/** Payloads are marked, so that one that turns up where it must not is found. */
export const payloadMark = 'PAYLOAD-OF-A-CUSTOMER'

export class ClientDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  /** Of the server's dispatch, for whoever checks. */
  readonly number: number
  readonly #options: ClientDeliveryOptions
  #isOpen = true
  #publication: Promise<void> | undefined

  constructor(options: ClientDeliveryOptions) {
    const { message, queue, number } = options.dispatch
    this.#options = options
    this.number = number
    this.message = {
      id: message.id,
      body: Buffer.from(`{"text":"${payloadMark}","id":"${message.id}"}`),
      headers: { dispatch: number, source: queue === handBackName ? 'handBack' : 'queue' },
      deliveryCount: message.counted,
      redelivered: message.deliveries > 1,
      group: message.group,
      enqueuedAt: undefined,
    }
    const isFromHandBack = queue === handBackName
    this.passage = {
      handedBack: isFromHandBack ? message.handedBack : undefined,
      dead: !isFromHandBack && message.deadFrom === handBackName,
    }
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
