import type { Replies } from 'amqplib'
import type { QueueFacts } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import { askOnce } from './ask-once.ts'
import { brokerError, isNoQueue } from './failures.ts'
import type { Place } from './failures.ts'
import type { Link } from './link.ts'
import { waits, withDeadline } from './timing.ts'

export interface InspectSettings {
  readonly link: Link
  readonly place: Required<Place>
  readonly handBackQueue: string | undefined
  readonly clock: Clock
}

/**
 * Counts by passive checks. Of a quorum queue whose leader does not answer within 250 ms the broker says that nothing waits in it and that it has no
 * consumers (`stat` in `rabbit_quorum_queue.erl`).
 */
export class Inspector {
  readonly #settings: InspectSettings

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

  async #ask(): Promise<QueueFacts> {
    const { place } = this.#settings
    const main = await this.#check(place.queue)
    const handBack = await this.#checkHandBack()
    return {
      backlog: main.messageCount,
      handBackBacklog: handBack?.messageCount ?? 0,
      consumers: main.consumerCount,
      handBackConsumers: handBack?.consumerCount,
      oldestAgeMs: undefined,
    }
  }

  /** Asked each time, though it leaves an error in the broker's log where there is none: another worker may have declared it since. */
  async #checkHandBack(): Promise<Replies.AssertQueue | undefined> {
    const { handBackQueue: queue, place } = this.#settings
    if (queue === undefined) return undefined
    try {
      return await this.#check(queue)
    } catch (error) {
      if (isNoQueue(error)) return undefined
      throw brokerError(error, { ...place, queue })
    }
  }

  async #check(queue: string): Promise<Replies.AssertQueue> {
    const { link, clock } = this.#settings
    return askOnce(await link.connect(), clock, (channel) => channel.checkQueue(queue))
  }
}
