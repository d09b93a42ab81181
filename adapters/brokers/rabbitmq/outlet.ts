import type { ConfirmChannel, Options } from 'amqplib'
import { QueueCanaryError } from '../../../src/errors.ts'

/** A confirm channel. A message that the broker returns condemns all for the same queue that are not confirmed yet. */
export class Outlet {
  readonly #channel: ConfirmChannel
  readonly #unconfirmed = new Set<{ readonly queue: string; returned: boolean }>()
  #error: Error | undefined

  constructor(channel: ConfirmChannel) {
    this.#channel = channel
    channel.on('error', (error: Error) => (this.#error = error))
    channel.on('return', ({ fields }) => {
      for (const message of this.#unconfirmed) if (message.queue === fields.routingKey) message.returned = true
    })
  }

  /** Rejects with amqplib's error, with the broker's reason where it closed the channel, or with `QUEUE_MISSING`. */
  async publish(queue: string, content: Buffer, options: Options.Publish): Promise<void> {
    const message = { queue, returned: false }
    this.#unconfirmed.add(message)
    try {
      await this.#confirmed(queue, content, options)
    } catch (error) {
      throw this.#error ?? error
    } finally {
      this.#unconfirmed.delete(message)
    }
    if (message.returned) throw new QueueCanaryError('QUEUE_MISSING', `queue "${queue}" does not exist`)
  }

  #confirmed(queue: string, content: Buffer, options: Options.Publish): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#channel.publish('', queue, content, options, (error: unknown) => {
        if (error === null || error === undefined) resolve()
        else reject(error instanceof Error ? error : new Error('refused by the broker'))
      })
    })
  }
}
