import { IllegalOperationError } from 'amqplib'
import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import type { HandBackNote } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { brokerError } from './failures.ts'
import type { Place } from './failures.ts'
import { handBackOptions } from './hand-back-message.ts'
import type { Link } from './link.ts'
import { waits, withDeadline } from './timing.ts'

export interface PublisherSettings {
  readonly link: Link
  /** The server and the hand-back queue. */
  readonly place: Required<Place>
  /** The user of the link. */
  readonly user: string
  readonly clock: Clock
}

/** Publishes with confirms, over a channel and a connection of its own: an alarm of the broker stops nothing else. */
export class HandBackPublisher {
  readonly #settings: PublisherSettings
  #outlet: Promise<Outlet> | undefined

  constructor(settings: PublisherSettings) {
    this.#settings = settings
  }

  publish(raw: ConsumeMessage, note: HandBackNote, receivedAt: number): Publication {
    const { clock, user, place } = this.#settings
    return new Publication(this.#settings, async (mayWrite) => {
      const outlet = await this.#open()
      await this.#settings.link.unblocked()
      if (!mayWrite()) return
      const options = handBackOptions(raw, { note, user, receivedAt, now: clock.wall() })
      try {
        await outlet.publish(place.queue, raw.content, options)
      } catch (error) {
        // amqplib says so of a channel that died before anybody listened
        if (error instanceof IllegalOperationError) this.#outlet = undefined
        throw error
      }
    })
  }

  #open(): Promise<Outlet> {
    this.#outlet ??= this.#connect()
    return this.#outlet
  }

  async #connect(): Promise<Outlet> {
    try {
      const model = await this.#settings.link.connect()
      const channel = await withDeadline(model.createConfirmChannel(), waits.answer, this.#settings.clock)
      channel.on('close', () => (this.#outlet = undefined))
      return new Outlet(channel)
    } catch (error) {
      this.#outlet = undefined
      throw error
    }
  }
}

/** One message on its way to the hand-back queue. */
export class Publication {
  readonly #settings: Pick<PublisherSettings, 'clock' | 'place'>
  readonly #outcome: Promise<void>
  #state: 'waiting' | 'written' | 'over' = 'waiting'

  /** `work` publishes if it is told that it may, at the moment of writing. */
  constructor(settings: Pick<PublisherSettings, 'clock' | 'place'>, work: (mayWrite: () => boolean) => Promise<void>) {
    this.#settings = settings
    this.#outcome = this.#run(work)
    this.#outcome.catch(() => undefined)
  }

  /** True while the broker may take the message but has not said so. */
  get pending(): boolean {
    return this.#state === 'written'
  }

  /**
   * Resolves when the broker has the message. Rejects with `HAND_BACK_FAILED`, after the deadline at the latest; what was not written
   * by then is not published later. While the message is pending it may be asked again.
   */
  async confirmed(): Promise<void> {
    const { clock, place } = this.#settings
    try {
      await withDeadline(this.#outcome, waits.confirm, clock)
    } catch (error) {
      if (this.#state === 'waiting') this.#state = 'over'
      const { message } = brokerError(error, place)
      throw new QueueCanaryError('HAND_BACK_FAILED', `hand-back not confirmed: ${message}`, { cause: error })
    }
  }

  async #run(work: (mayWrite: () => boolean) => Promise<void>): Promise<void> {
    try {
      await work(() => {
        if (this.#state === 'over') return false
        this.#state = 'written'
        return true
      })
    } finally {
      this.#state = 'over'
    }
  }
}

/** A confirm channel. All its messages go to one queue: one that the broker returns condemns all that are not confirmed yet. */
class Outlet {
  readonly #channel: ConfirmChannel
  readonly #unconfirmed = new Set<{ returned: boolean }>()

  constructor(channel: ConfirmChannel) {
    this.#channel = channel
    channel.on('error', () => undefined)
    channel.on('return', () => {
      for (const message of this.#unconfirmed) message.returned = true
    })
  }

  async publish(queue: string, content: Buffer, options: Parameters<ConfirmChannel['publish']>[3]): Promise<void> {
    const message = { returned: false }
    this.#unconfirmed.add(message)
    try {
      await this.#confirmed(queue, content, options)
    } finally {
      this.#unconfirmed.delete(message)
    }
    if (message.returned) throw new QueueCanaryError('QUEUE_MISSING', `queue "${queue}" does not exist`)
  }

  #confirmed(queue: string, content: Buffer, options: Parameters<ConfirmChannel['publish']>[3]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#channel.publish('', queue, content, options, (error: unknown) => {
        if (error === null || error === undefined) resolve()
        else reject(error instanceof Error ? error : new Error('refused by the broker'))
      })
    })
  }
}
