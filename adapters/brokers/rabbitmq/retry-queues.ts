import type { ChannelModel, Replies } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { askOnce } from './ask-once.ts'
import { declareQueue, passingOnArguments } from './declare-queue.ts'
import type { QueueType } from './declare-queue.ts'
import { brokerError, isNoQueue, replyCode } from './failures.ts'
import type { Place } from './failures.ts'
import { retryQueueName } from './retry-queue-names.ts'

export interface RetryQueuesSettings {
  readonly server: string
  /** The queue whose messages wait, and to which they return. */
  readonly queue: string
  readonly clock: Clock
  /** How long a delay queue stays that nobody uses, in milliseconds, on top of its delay. All workers of a queue agree on it. @default a day */
  readonly lifeMs?: number
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number
}

/** How long a delay queue stays that nobody uses, on top of its delay. */
export const delayQueueLifeMs = 86_400_000
/** A delay queue is looked at so often that it never comes near its end while messages go in. */
const looksInLife = 24
/** Of all workers so many, on average, ask a delay queue in which messages wait. */
const askers = 5
/** So long nothing is asked of a broker that has refused. */
const refusedMs = 60_000

/**
 * The delay queues of one queue. Each gives every message the same time to live, because a queue looks for expired messages at its head only, and
 * passes what has expired on to where it came from. They end by themselves (`x-expires`) when they were not used for a day. Publishing is no
 * use, and declaring a quorum queue again is none either; asking it for a message is, on every version and type: that is what keeps it. Where one
 * waits, asking uses up one of its deliveries, so that of many workers only some ask.
 */
export class RetryQueues {
  readonly #settings: RetryQueuesSettings
  readonly #lifeMs: number
  readonly #ready = new Map<number, { readonly until: number; readonly done: Promise<void> }>()

  constructor(settings: RetryQueuesSettings) {
    this.#settings = settings
    this.#lifeMs = settings.lifeMs ?? delayQueueLifeMs
  }

  name(seconds: number): string {
    return retryQueueName(this.#settings.queue, seconds)
  }

  /** Resolves when the queue is there, and will be for long enough. Rejects with `BROKER_REFUSED`, `BROKER_UNREACHABLE` or `QUEUE_MISSING`. */
  prepare(model: ChannelModel, seconds: number): Promise<void> {
    const { clock } = this.#settings
    const known = this.#ready.get(seconds)
    if (known !== undefined && clock.now() < known.until) return known.done
    const done = this.#make(model, seconds)
    this.#ready.set(seconds, { until: clock.now() + this.#lifeMs / looksInLife, done })
    done.catch((error: unknown) => this.#failed(seconds, done, error))
    return done
  }

  /** It turned out to be missing. */
  forget(seconds: number): void {
    this.#ready.delete(seconds)
  }

  arguments(seconds: number, type: QueueType): Record<string, unknown> {
    return {
      ...passingOnArguments(this.#settings.queue, type),
      'x-message-ttl': seconds * 1_000,
      'x-expires': this.#lifeMs + seconds * 1_000,
    }
  }

  async #make(model: ChannelModel, seconds: number): Promise<void> {
    const place = { server: this.#settings.server, queue: this.name(seconds) }
    try {
      const declared = await this.#declare(model, place, seconds)
      if (declared !== undefined && (await this.#isAsker(model, declared))) await this.#ask(model, place.queue)
    } catch (error) {
      throw brokerError(error, place)
    }
  }

  /**
   * Without the right to declare it, one that the operator declared will do: undefined, as that one is for the operator to keep. From RabbitMQ 4.2.6 on
   * only those who have a right to a queue are told whether it is there.
   */
  async #declare(
    model: ChannelModel,
    place: Required<Place>,
    seconds: number,
  ): Promise<Replies.AssertQueue | undefined> {
    const { clock } = this.#settings
    const purpose = `delay queue of ${seconds} s`
    try {
      return await declareQueue(model, { place, clock, purpose, arguments: (type) => this.arguments(seconds, type) })
    } catch (error) {
      if (replyCode(error) !== 403) throw error
      await askOnce(model, clock, (channel) => channel.checkQueue(place.queue)).catch((second: unknown) => {
        throw replyCode(second) === 403 || isNoQueue(second) ? notAllowed(place.queue) : second
      })
      return undefined
    }
  }

  async #isAsker(model: ChannelModel, { messageCount }: Replies.AssertQueue): Promise<boolean> {
    if (messageCount === 0) return true
    const { server, queue, clock, random = Math.random } = this.#settings
    try {
      const { consumerCount } = await askOnce(model, clock, (channel) => channel.checkQueue(queue))
      return random() * consumerCount < askers
    } catch (error) {
      throw brokerError(error, { server, queue })
    }
  }

  async #ask(model: ChannelModel, queue: string): Promise<void> {
    await askOnce(model, this.#settings.clock, async (channel) => {
      const first = await channel.get(queue)
      if (first !== false) channel.nack(first)
    })
  }

  #failed(seconds: number, done: Promise<void>, error: unknown): void {
    if (this.#ready.get(seconds)?.done !== done) return
    const isRefused = error instanceof QueueCanaryError && error.code === 'BROKER_REFUSED'
    if (isRefused) this.#ready.set(seconds, { until: this.#settings.clock.now() + refusedMs, done })
    else this.forget(seconds)
  }
}

function notAllowed(queue: string): QueueCanaryError {
  return new QueueCanaryError(
    'BROKER_REFUSED',
    `queue "${queue}" may not be declared, and is missing or hidden: grant the right to configure it, or declare it and grant the right to read it`,
  )
}
