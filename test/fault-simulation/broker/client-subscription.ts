import type { DeliverySink, LinkState, SubscribeRequest, Subscription } from '../../../src/contracts/broker.ts'
import { within } from '../../../src/worker/deadline.ts'
import type { Container } from '../time/container.ts'
import { ClientDelivery } from './client-delivery.ts'
import type { Connection } from './connection.ts'
import type { RabbitServer } from './rabbit-server.ts'
import type { ServerChannel } from './server-channel.ts'
import type { Dispatch } from './stored-message.ts'

export interface ClientSubscriptionOptions {
  readonly server: RabbitServer
  readonly container: Container
  readonly queue: string
  readonly request: SubscribeRequest
  readonly sink: DeliverySink
  readonly onClose: () => void
}

/** A channel as the process sees it. It ends when the process learns that it has; settlements go to it or nowhere. */
export interface ClientChannel {
  readonly connection: Connection
  server: ServerChannel | undefined
  isLive: boolean
}

const stopMs = 2_000
const missingMs = 1_000
const reopenMs = 100

export class ClientSubscription implements Subscription {
  readonly #options: ClientSubscriptionOptions
  #permits: number
  #received = 0
  /** What was received over earlier channels. */
  #before = 0
  #channel: ClientChannel | undefined
  #reported: LinkState | undefined
  #stopping: Promise<void> | undefined
  #hasStopped = false
  #isClosed = false
  #wakeStop: (() => void) | undefined

  constructor(options: ClientSubscriptionOptions) {
    this.#options = options
    this.#permits = options.request.permits
  }

  permit(total: number): void {
    if (!(total > this.#permits)) return
    this.#permits = total
    const channel = this.#channel
    const inChannel = total - this.#before
    channel?.connection.toServer(() => channel.server?.permit(inChannel))
    this.#options.container.after(0, () => this.#reportLinked())
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop())
  }

  async close(): Promise<void> {
    await this.stop()
    if (this.#isClosed) return
    this.#isClosed = true
    const channel = this.#channel
    this.#drop()
    this.#report('closed')
    channel?.connection.toServer(() => channel.server?.close('channelClosed', 0))
    this.#options.onClose()
  }

  /** There is a connection: a channel is opened on it. */
  link(connection: Connection): void {
    if (this.#stopping !== undefined || this.#channel !== undefined) return
    const { server, queue, request } = this.#options
    const channel: ClientChannel = { connection, server: undefined, isLive: true }
    this.#channel = channel
    this.#before = this.#received
    const permits = this.#permits - this.#before
    connection.toServer(() => {
      channel.server = server.open(connection, {
        connection,
        queue,
        precedence: request.precedence,
        maxUnsettled: request.maxUnsettled,
        permits,
        onDelivery: (tag, dispatch) => connection.toClient(() => this.#onDelivery(channel, tag, dispatch)),
        onClosedByServer: () => connection.toClient(() => this.#reopen(channel)),
      })
      const isMissing = channel.server === undefined
      connection.toClient(() => (isMissing ? this.#missing(channel) : this.#reportLinked()))
    })
  }

  unlink(): void {
    this.#drop()
    if (!this.#isClosed) this.#report('connecting', 'the connection was lost')
  }

  async #stop(): Promise<void> {
    const { container } = this.#options
    const channel = this.#channel
    this.#reportLinked()
    if (channel !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wakeStop = resolve
      channel.connection.toServer(() => {
        channel.server?.cancel()
        channel.connection.toClient(resolve)
      })
      await within(container.clock, stopMs, promise)
    }
    this.#hasStopped = true
  }

  #onDelivery(channel: ClientChannel, tag: number, dispatch: Dispatch): void {
    if (!channel.isLive) return
    const delivery = new ClientDelivery({ ...this.#options, channel, tag, dispatch })
    if (this.#hasStopped) {
      delivery.requeue()
      return
    }
    this.#received++
    this.#report('consuming')
    this.#options.sink.onDelivery(delivery)
    this.#reportLinked()
  }

  #missing(channel: ClientChannel): void {
    if (!channel.isLive) return
    this.#drop()
    this.#report('missing', 'there is no such queue')
    this.#again(channel.connection, missingMs)
  }

  #reopen(channel: ClientChannel): void {
    if (!channel.isLive) return
    this.#drop()
    this.#report('connecting', 'the server closed the channel')
    this.#again(channel.connection, reopenMs)
  }

  #again(connection: Connection, ms: number): void {
    this.#options.container.after(ms, () => {
      if (connection.isOpenAtClient) this.link(connection)
    })
  }

  #drop(): void {
    const channel = this.#channel
    this.#channel = undefined
    if (channel !== undefined) channel.isLive = false
    this.#wakeStop?.()
  }

  #reportLinked(): void {
    if (this.#channel?.server === undefined) return
    const takes = this.#stopping === undefined && this.#received < this.#permits
    this.#report(takes ? 'consuming' : 'idle')
  }

  #report(state: LinkState, reason?: string): void {
    if (state === this.#reported) return
    this.#reported = state
    this.#options.sink.onLink(state, reason)
  }
}
