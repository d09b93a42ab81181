import { connect } from 'amqplib'
import type { ChannelModel, SocketOptions } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Logger } from '../../../src/contracts/logger.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import type { Address } from './address.ts'
import { brokerError } from './failures.ts'
import { Backoff, waits, withDeadline } from './timing.ts'

export interface LinkSettings {
  readonly address: Address
  readonly name: string
  readonly clock: Clock
  readonly log: Logger | undefined
}

/**
 * One connection, made when it is asked for and made anew when it is asked for after a loss. Between two tries lies a backoff, however many
 * ask: they share one try.
 */
export class Link {
  readonly #settings: LinkSettings
  readonly #backoff = new Backoff()
  readonly #closing = new AbortController()
  #current: Promise<ChannelModel> | undefined
  #socket: AbortController | undefined
  #live: ChannelModel | undefined
  #loss: QueueCanaryError
  #notBefore = 0
  #unblocked = Promise.withResolvers<void>()
  /** What was last said of a broker that is away; undefined while it is there. */
  #told: string | undefined

  constructor(settings: LinkSettings) {
    this.#settings = settings
    this.#loss = new QueueCanaryError('BROKER_UNREACHABLE', `${settings.address.server}: not connected`)
    this.#unblocked.resolve()
  }

  /** The live connection. Rejects as soon as the try under way fails, or the link was closed. */
  connect(): Promise<ChannelModel> {
    this.#current ??= this.#establish()
    return this.#current
  }

  /** Why that connection is gone; undefined while it lives. */
  lossOf(model: ChannelModel): QueueCanaryError | undefined {
    return model === this.#live ? undefined : this.#loss
  }

  /** Resolves when the broker takes messages over this connection: at once unless it has raised an alarm. */
  unblocked(): Promise<void> {
    return this.#unblocked.promise
  }

  /** Ends the connection and every try, for good. Unreachable brokers do not hold it up. */
  async close(): Promise<void> {
    const current = this.#current
    this.#closing.abort()
    this.#current = Promise.reject(this.#closed())
    this.#current.catch(() => undefined)
    if (current !== undefined) {
      const farewell = current.then((model) => model.close())
      await withDeadline(farewell, waits.goodbye, this.#settings.clock).catch(() => undefined)
    }
    this.#socket?.abort()
  }

  async #establish(): Promise<ChannelModel> {
    const { address, clock } = this.#settings
    await clock.sleep(Math.max(0, this.#notBefore - clock.now()), this.#closing.signal)
    if (this.#closing.signal.aborted) throw this.#closed()
    const socket = new AbortController()
    this.#socket = socket
    try {
      return await withDeadline(this.#open(socket), waits.connect, clock)
    } catch (error) {
      // its close comes later, when the next try may be under way: it must not end that one
      this.#live = undefined
      socket.abort()
      this.#lost(0)
      const trouble = brokerError(error, address)
      this.#tell('RabbitMQ cannot be reached; it is tried again and again', trouble.message)
      throw trouble
    }
  }

  async #open(socket: AbortController): Promise<ChannelModel> {
    const { address, clock, name } = this.#settings
    const options: SocketOptions & { signal: AbortSignal } = {
      signal: socket.signal,
      noDelay: true,
      keepAlive: true,
      clientProperties: { connection_name: name },
    }
    const model = await connect(address.amqp, options)
    const since = clock.now()
    this.#live = model
    model.on('error', () => undefined)
    model.on('blocked', () => (this.#unblocked = Promise.withResolvers()))
    model.on('unblocked', () => this.#unblocked.resolve())
    model.on('close', (error?: Error) => {
      // an unanswered goodbye leaves the socket half open; what amqplib wrote last is on its way after this turn
      setImmediate(() => socket.abort())
      this.#unblocked.resolve()
      if (this.#live === model) this.#dropped(error, clock.now() - since)
    })
    // amqplib tells nobody about a connection that died before the listeners were there: only an answer proves life
    const probe = await model.createChannel()
    await probe.close()
    if (this.#live !== model) throw this.#loss
    this.#tellBack()
    return model
  }

  #dropped(error: Error | undefined, livedMs: number): void {
    this.#live = undefined
    this.#loss = brokerError(error ?? new Error('connection closed'), this.#settings.address)
    this.#tell('RabbitMQ connection lost', this.#loss.message)
    this.#lost(livedMs)
  }

  /** Says when a trouble begins and when it changes, not at every try of an hour. */
  #tell(what: string, reason: string): void {
    if (this.#closing.signal.aborted || reason === this.#told) return
    this.#told = reason
    const { address, log, name } = this.#settings
    log?.warn({ server: address.server, connection: name, reason }, what)
  }

  #tellBack(): void {
    if (this.#told === undefined) return
    this.#told = undefined
    const { address, log, name } = this.#settings
    log?.info({ server: address.server, connection: name }, 'RabbitMQ is connected again')
  }

  #lost(livedMs: number): void {
    if (this.#closing.signal.aborted) return
    this.#current = undefined
    this.#notBefore = this.#settings.clock.now() + this.#backoff.next(livedMs)
  }

  #closed(): QueueCanaryError {
    return new QueueCanaryError('BROKER_UNREACHABLE', `${this.#settings.address.server}: the broker object was closed`)
  }
}
