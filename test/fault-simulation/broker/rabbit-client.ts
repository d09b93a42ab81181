import type { Broker, BrokerCapabilities } from '../../../src/contracts/broker.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { within } from '../../../src/worker/deadline.ts'
import { ClientSubscription } from './client-subscription.ts'
import { Connection } from './connection.ts'
import type { Cut } from './connection.ts'
import { deadName, handBackName, queueName } from './broker-model.ts'
import type { BrokerClient, ClientPlace } from './broker-model.ts'
import type { RabbitServer } from './rabbit-server.ts'

const answerMs = 2_000
const backoffMs = { least: 50, most: 1_000 }

/** The broker as one process has it: one connection that is restored for ever, and the subscriptions on it. */
export class RabbitClient implements BrokerClient {
  readonly capabilities: BrokerCapabilities
  readonly #options: ClientPlace & { readonly server: RabbitServer }
  readonly #subscriptions = new Set<ClientSubscription>()
  #connection: Connection | undefined
  #isClosed = false
  #attempts = 0
  #awayUntil = 0

  constructor(server: RabbitServer, place: ClientPlace) {
    const options = { ...place, server }
    this.#options = options
    this.capabilities = {
      kind: 'rabbitmq',
      handBack: options.handsBack,
      oldestAge: false,
      retryLater: options.keepsRetries ? 'noted' : 'none',
      heldBy: 'link',
    }
    options.container.after(options.distance.latencyMs(), () => this.#connect())
  }

  subscribe(...[request, sink]: Parameters<Broker['subscribe']>): ReturnType<Broker['subscribe']> {
    const { server, container } = this.#options
    const subscription = new ClientSubscription({
      server,
      container,
      queue: request.source === 'queue' ? queueName : handBackName,
      request,
      sink,
      onClose: () => void this.#subscriptions.delete(subscription),
    })
    this.#subscriptions.add(subscription)
    const connection = this.#connection
    container.after(0, () => {
      if (connection !== undefined && connection === this.#connection) subscription.link(connection)
    })
    return Promise.resolve(subscription)
  }

  async prepareHandBack(): Promise<void> {
    if (this.capabilities.handBack) await this.#ask((server) => server.declareHandBack())
  }

  inspect(): ReturnType<Broker['inspect']> {
    return this.#ask((server) => ({
      backlog: server.depth(queueName),
      handBackBacklog: server.depth(handBackName),
      consumers: server.queue(queueName)?.takers,
      handBackConsumers: server.queue(handBackName)?.takers,
      oldestAgeMs: undefined,
    }))
  }

  diagnose(): ReturnType<Broker['diagnose']> {
    return Promise.resolve([{ level: 'ok', subject: 'queue', found: `${queueName}, dead letters go to ${deadName}` }])
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const closing = Promise.all(Array.from(this.#subscriptions, (subscription) => subscription.close()))
    await within(this.#options.container.clock, answerMs, closing)
    this.#connection?.close()
    this.#connection = undefined
  }

  cut(how: Cut, awayMs: number): void {
    this.#awayUntil = this.#options.timeline.now + awayMs
    this.#connection?.cut(how)
  }

  #connect(): void {
    const { server, timeline, distance, container } = this.#options
    if (this.#isClosed || this.#connection !== undefined) return
    if (!server.isUp || timeline.now < this.#awayUntil) return this.#retry()
    this.#attempts = 0
    const connection: Connection = new Connection(
      container,
      { timeline, distance },
      { onServer: () => server.lost(connection), onClient: () => this.#lost(connection) },
    )
    this.#connection = connection
    for (const subscription of this.#subscriptions) subscription.link(connection)
  }

  #retry(): void {
    const { container } = this.#options
    const most = Math.min(backoffMs.most, backoffMs.least * 2 ** this.#attempts++)
    container.after(container.random() * most, () => this.#connect())
  }

  #lost(connection: Connection): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    for (const subscription of this.#subscriptions) subscription.unlink()
    this.#retry()
  }

  async #ask<T>(question: (server: RabbitServer) => T): Promise<T> {
    const { server, container } = this.#options
    const connection = this.#connection
    if (connection === undefined) throw new QueueCanaryError('BROKER_UNREACHABLE', 'there is no connection')
    const { promise, resolve } = Promise.withResolvers<T>()
    connection.toServer(() => {
      const found = question(server)
      connection.toClient(() => resolve(found))
    })
    if (await within(container.clock, answerMs, promise)) return promise
    throw new QueueCanaryError('BROKER_UNREACHABLE', 'the broker did not answer')
  }
}
