import { IllegalOperationError } from 'amqplib'
import type { ConfirmChannel, Options } from 'amqplib'
import { QueueCanaryError } from '../../../src/errors.ts'
import { unsendable } from './failures.ts'

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

  /** Rejects with amqplib's error, the broker's reason where it closed the channel, `QUEUE_MISSING`, or `BROKER_REFUSED` for what cannot be sent. */
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
      const confirm = (error: unknown): void => {
        if (error === null || error === undefined) resolve()
        else reject(error instanceof Error ? error : new Error('refused by the broker'))
      }
      try {
        this.#channel.publish('', queue, content, options, confirm)
      } catch (error) {
        // a closed channel throws too: all else that amqplib throws here is the message's fault
        reject(error instanceof IllegalOperationError ? error : unsendable(error, queue))
      }
    })
  }
}
