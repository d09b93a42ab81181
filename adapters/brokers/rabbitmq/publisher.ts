import { IllegalOperationError } from 'amqplib'
import type { ChannelModel, Options } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { openChannel } from './ask-once.ts'
import type { Link } from './link.ts'
import { Outlet } from './outlet.ts'
import { Publication } from './publication.ts'
import type { PublicationSettings } from './publication.ts'

export interface PublisherSettings {
  readonly link: Link
  readonly clock: Clock
}

export interface Parcel extends Omit<PublicationSettings, 'clock'> {
  readonly content: Buffer
  /** Asked at the moment of writing. */
  readonly options: () => Options.Publish
  /** Makes sure that the queue is there, over the connection that publishes. */
  readonly prepare?: (model: ChannelModel) => Promise<void>
  /** The queue turned out to be missing. */
  readonly onMissing?: () => void
}

/** Publishes with confirms, over a channel and a connection of its own: an alarm of the broker stops nothing else. */
export class Publisher {
  readonly #settings: PublisherSettings
  #outlet: Promise<Outlet> | undefined

  constructor(settings: PublisherSettings) {
    this.#settings = settings
  }

  publish(parcel: Parcel): Publication {
    const { clock, link } = this.#settings
    return new Publication({ ...parcel, clock }, async (mayWrite) => {
      await parcel.prepare?.(await link.connect())
      const outlet = await this.#open()
      await link.unblocked()
      if (!mayWrite()) return
      try {
        await outlet.publish(parcel.place.queue, parcel.content, parcel.options())
      } catch (error) {
        // amqplib says so of a channel that died before anybody listened
        if (error instanceof IllegalOperationError) this.#outlet = undefined
        if (isQueueCanaryError(error, 'QUEUE_MISSING')) parcel.onMissing?.()
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
      const channel = await openChannel(model.createConfirmChannel(), this.#settings.clock)
      channel.on('close', () => (this.#outlet = undefined))
      return new Outlet(channel)
    } catch (error) {
      this.#outlet = undefined
      throw error
    }
  }
}
