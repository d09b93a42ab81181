import type { Replies } from 'amqplib'
import type { QueueFacts } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import { askOnce } from './ask-once.ts'
import { brokerError, replyCode } from './failures.ts'
import type { Place } from './failures.ts'
import type { Link } from './link.ts'
import { waits, withDeadline } from './timing.ts'

export interface InspectSettings {
  readonly link: Link
  readonly place: Required<Place>
  readonly handBackQueue: string | undefined
  readonly clock: Clock
}

/** Counts by passive checks. */
export class Inspector {
  readonly #settings: InspectSettings
  #handBackMissingUntil = Number.NEGATIVE_INFINITY

  constructor(settings: InspectSettings) {
    this.#settings = settings
  }

  /** Rejects with `BROKER_UNREACHABLE` or `QUEUE_MISSING`. */
  async facts(): Promise<QueueFacts> {
    const { place, clock } = this.#settings
    try {
      return await withDeadline(this.#ask(), waits.inspect, clock)
    } catch (error) {
      throw brokerError(error, place)
    }
  }

  /** The hand-back queue was declared. */
  expectHandBackQueue(): void {
    this.#handBackMissingUntil = Number.NEGATIVE_INFINITY
  }

  async #ask(): Promise<QueueFacts> {
    const { place } = this.#settings
    const main = await this.#check(place.queue)
    return {
      backlog: main.messageCount,
      handBackBacklog: await this.#handBackBacklog(),
      consumers: main.consumerCount,
      oldestAgeMs: undefined,
    }
  }

  /** Each check of a missing queue leaves an error in the broker's log, so that a missing one is left alone for a while. */
  async #handBackBacklog(): Promise<number> {
    const { handBackQueue, clock } = this.#settings
    if (handBackQueue === undefined || clock.now() < this.#handBackMissingUntil) return 0
    try {
      return (await this.#check(handBackQueue)).messageCount
    } catch (error) {
      if (replyCode(error) !== 404) throw error
      this.#handBackMissingUntil = clock.now() + 30_000
      return 0
    }
  }

  async #check(queue: string): Promise<Replies.AssertQueue> {
    const { link, clock } = this.#settings
    return askOnce(await link.connect(), clock, (channel) => channel.checkQueue(queue))
  }
}
