import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'amqplib'
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { machineNow, sentAtHeader } from './protocol.ts'

export const queueTypes = ['classic', 'quorum'] as const
export type QueueType = (typeof queueTypes)[number]

const body = Buffer.alloc(256, 'x')
const confirmEvery = 5_000

/** The publishing side of every benchmark: one connection of the parent process, durable queues, persistent messages of 256 bytes. */
export class Traffic {
  readonly #connection: ChannelModel
  readonly #channel: ConfirmChannel

  private constructor(connection: ChannelModel, channel: ConfirmChannel) {
    this.#connection = connection
    this.#channel = channel
  }

  static async open(url: string): Promise<Traffic> {
    const connection = await connect(url, { noDelay: true })
    return new Traffic(connection, await connection.createConfirmChannel())
  }

  get server(): string {
    const { product, version } = this.#connection.connection.serverProperties
    return `${product} ${version}`
  }

  /** A new queue, empty; deletes one of the same name. */
  async createQueue(queue: string, type: QueueType): Promise<void> {
    await this.#channel.deleteQueue(queue)
    await this.#channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } })
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue)
  }

  /** As fast as the broker confirms. */
  async fill(queue: string, messages: number): Promise<void> {
    for (let sent = 0; sent < messages;) {
      const until = Math.min(messages, sent + confirmEvery)
      for (; sent < until; sent++) this.#channel.sendToQueue(queue, body, { persistent: true })
      await this.#channel.waitForConfirms()
    }
  }

  /** Evenly spaced, each message with the moment of its publication. Resolves when the last one is confirmed. */
  async pace(queue: string, messages: number, perSecond: number): Promise<void> {
    const start = machineNow()
    for (let sent = 0; sent < messages;) {
      const now = machineNow()
      const due = Math.min(messages, Math.floor(((now - start) / 1_000) * perSecond) + 1)
      for (; sent < due; sent++)
        this.#channel.sendToQueue(queue, body, { persistent: true, headers: { [sentAtHeader]: machineNow() } })
      const next = start + (sent / perSecond) * 1_000
      await sleep(Math.max(1, next - machineNow()))
    }
    await this.#channel.waitForConfirms()
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}
