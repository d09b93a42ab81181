import type { Channel, ChannelModel, ConsumeMessage, Replies } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { QueueCanaryError } from '../../../src/errors.ts'
import { openChannel } from './ask-once.ts'
import { brokerError, cancelledConsumer } from './failures.ts'
import type { Place } from './failures.ts'
import { waits, withDeadline } from './timing.ts'

/**
 * The life of one channel. What was delivered over it is settled over it or nowhere: after the end every settlement does nothing. The
 * channel is never handed out, so that nothing can answer or settle past this object.
 */
export class ChannelSession {
  readonly #channel: Channel
  readonly #place: Place
  readonly #clock: Clock
  readonly #ended = Promise.withResolvers<QueueCanaryError>()
  #alive = true
  #settledAt = Number.NEGATIVE_INFINITY

  static async open(model: ChannelModel, place: Place, clock: Clock): Promise<ChannelSession> {
    try {
      return new ChannelSession(await openChannel(model.createChannel(), clock), place, clock)
    } catch (error) {
      throw brokerError(error, { server: place.server })
    }
  }

  private constructor(channel: Channel, place: Place, clock: Clock) {
    this.#channel = channel
    this.#place = place
    this.#clock = clock
    channel.on('error', (error) => this.#finish(error))
    channel.on('close', () => this.#finish(new Error('channel closed')))
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Resolves, never rejects, with the reason once the channel is of no more use. */
  get ended(): Promise<QueueCanaryError> {
    return this.#ended.promise
  }

  ack(deliveryTag: number, upTo: boolean): boolean {
    return this.#settle((channel) => channel.ack({ fields: { deliveryTag } }, upTo))
  }

  nack(deliveryTag: number, requeue: boolean): boolean {
    return this.#settle((channel) => channel.nack({ fields: { deliveryTag } }, false, requeue))
  }

  checkQueue(queue: string): Promise<Replies.AssertQueue> {
    return this.#ask((channel) => channel.checkQueue(queue))
  }

  prefetch(count: number): Promise<unknown> {
    return this.#ask((channel) => channel.prefetch(count))
  }

  /** Instead of a message the broker sends nothing when it cancels the consumer: that ends the session. */
  consume(tag: string, priority: number, onMessage: (raw: ConsumeMessage) => void): Promise<unknown> {
    const options = { consumerTag: tag, noAck: false, ...(priority === 0 ? {} : { priority }) }
    const take = (raw: ConsumeMessage | null): void => {
      if (raw === null) this.end(cancelledConsumer(this.#place))
      else onMessage(raw)
    }
    return this.#ask((channel) => channel.consume(this.#place.queue ?? '', take, options))
  }

  /** The request is written before this returns if no other answer is awaited. */
  cancel(tag: string): Promise<unknown> {
    return this.#ask((channel) => channel.cancel(tag))
  }

  /** Ends the session at once. Closing the channel returns what is unsettled. */
  end(reason: unknown): void {
    if (this.#finish(reason)) this.#goodbye().catch(() => undefined)
  }

  /**
   * Ends the session in order: what was settled takes effect before the channel closes. Quorum queues work settlements off behind the
   * channel's back and return those they have not seen when it closes, so an answer alone is no proof.
   */
  async close(): Promise<void> {
    const pause = this.#settledAt + settlingMs - this.#clock.now()
    if (this.#alive && pause > 0) {
      await this.prefetch(1).catch(() => undefined)
      await this.#clock.sleep(pause)
    }
    if (!this.#finish(new Error('closed by us'))) return
    await withDeadline(this.#goodbye(), waits.goodbye, this.#clock).catch(() => undefined)
  }

  /** Sends nothing: the broker takes a second close of a channel that it has closed as a fault of the whole connection. */
  #finish(reason: unknown): boolean {
    if (!this.#alive) return false
    this.#alive = false
    this.#ended.resolve(brokerError(reason, this.#place))
    return true
  }

  /** A closed channel of amqplib throws at every use. */
  async #goodbye(): Promise<void> {
    await this.#channel.close()
  }

  #settle(send: (channel: Settling) => void): boolean {
    if (!this.#alive) return false
    try {
      send(this.#channel)
    } catch (error) {
      this.end(error)
      return false
    }
    this.#settledAt = this.#clock.now()
    return true
  }

  async #ask<T>(request: (channel: Channel) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(request(this.#channel), waits.answer, this.#clock)
    } catch (error) {
      this.end(error)
      throw brokerError(error, this.#place)
    }
  }
}

/** What settling needs of a channel: amqplib reads nothing of a message but its tag. */
interface Settling {
  ack(message: { readonly fields: { readonly deliveryTag: number } }, allUpTo: boolean): void
  nack(message: { readonly fields: { readonly deliveryTag: number } }, allUpTo: boolean, requeue: boolean): void
}

const settlingMs = 100
