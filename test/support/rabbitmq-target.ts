import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import type { Channel, ChannelModel, ConfirmChannel, GetMessage, Options } from 'amqplib'
import { rabbitmqBroker } from '../../adapters/brokers/rabbitmq/index.ts'
import type {
  BrokerFaults,
  BrokerTarget,
  BrokerUnderTest,
  ConnectOverrides,
  Outgoing,
  Raw,
} from '../contract/broker-contract.ts'
import { ownQueuesOf } from './rabbitmq-own-queues.ts'
import { variant } from './rabbitmq.ts'
import type { RabbitmqServer } from './rabbitmq.ts'
import { tcpProxy } from './tcp-proxy.ts'
import type { TcpProxy } from './tcp-proxy.ts'

export type QueueType = 'classic' | 'quorum'

/** The conformance suite's view of a RabbitMQ queue. The brokers under test reach the server through a proxy, the helper directly. */
export function rabbitmqTarget(server: RabbitmqServer, type: QueueType): BrokerTarget {
  return { name: `RabbitMQ, ${type} queue`, countsReturns: type === 'quorum', open: () => open(server, type) }
}

async function open(server: RabbitmqServer, type: QueueType): Promise<BrokerUnderTest> {
  const name = `contract-${randomUUID()}`
  const helper = await openHelper(server.url)
  await helper.declare(name, type)
  const proxy = await proxyTo(server.url)
  const url = variant(server.url, { port: proxy.port })
  const handBackQueue = `${name}.queue-canary.hand-back`
  const faults: BrokerFaults = {
    cutLinks: async () => proxy.cutAll(),
    dropLinks: async () => {
      proxy.refuseNew(true)
      proxy.cutAll()
    },
    restoreLinks: async () => proxy.refuseNew(false),
    deleteQueue: () => helper.delete(name),
    createQueue: () => helper.declare(name, type),
    queueExists: async () => (await helper.ready(name)) !== undefined,
    deleteHandBackQueue: () => helper.delete(handBackQueue),
  }
  return {
    connect: ({ handBack = 'create' } = {}) => rabbitmqBroker({ url, queue: name, handBack: handBackOption(handBack) }),
    publish: (messages) => helper.publish(name, messages),
    ready: async () => (await helper.ready(name)) ?? 0,
    handBackReady: async () => (await helper.ready(handBackQueue)) ?? 0,
    takeHandedBack: () => helper.drain(handBackQueue),
    deadLettered: () => helper.drain(deadLettersOf(name)),
    faults,
    dispose: async () => {
      for (const queue of [name, deadLettersOf(name), ...ownQueuesOf(name)]) await helper.delete(queue)
      await helper.close()
      await proxy.close()
    },
  }
}

function handBackOption(kind: NonNullable<ConnectOverrides['handBack']>) {
  return kind === 'missing' ? ({ kind: 'existing', queue: 'nowhere' } as const) : ({ kind } as const)
}

/** A channel of the administrator, for what only one test needs. Its work is confirmed when this resolves. */
export async function withChannel(url: string, work: (channel: ConfirmChannel) => Promise<void>): Promise<void> {
  const connection = await connect(url)
  connection.on('error', () => {})
  try {
    const channel = await connection.createConfirmChannel()
    channel.on('error', () => {})
    await work(channel)
    await channel.waitForConfirms().catch(() => {})
  } finally {
    await connection.close()
  }
}

/** A proxy in front of the server. */
export function proxyTo(url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url)
  return tcpProxy({ host: hostname, port: Number(port) })
}

export function deadLettersOf(queue: string): string {
  return `${queue}.dead`
}

/** A client that is not ours. */
export interface Helper {
  /** A durable queue with a dead-letter queue of its own. */
  declare(queue: string, type: QueueType, options?: Options.AssertQueue): Promise<void>
  delete(queue: string): Promise<void>
  publish(queue: string, messages: readonly Outgoing[]): Promise<void>
  /** Messages ready for delivery; undefined where there is no such queue. */
  ready(queue: string): Promise<number | undefined>
  consumers(queue: string): Promise<number>
  /** Takes every ready message. */
  drain(queue: string): Promise<readonly Raw[]>
  close(): Promise<void>
}

/** The helper reconnects after a restart of the server: each call that needs a connection makes one if it has none. */
export async function openHelper(url: string): Promise<Helper> {
  let link: Promise<{ connection: ChannelModel; publishing: ConfirmChannel }> | undefined

  async function establish() {
    const connection = await connect(url, { noDelay: true })
    connection.on('error', () => {})
    connection.on('close', () => (link = undefined))
    const publishing = await connection.createConfirmChannel()
    publishing.on('error', () => {})
    return { connection, publishing }
  }

  async function linked() {
    link ??= establish()
    link.catch(() => (link = undefined))
    return link
  }

  async function ask<T>(question: (channel: Channel) => Promise<T>): Promise<T> {
    const { connection } = await linked()
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    try {
      return await question(channel)
    } finally {
      await channel.close().catch(() => {})
    }
  }

  const check = (queue: string) => ask((channel) => channel.checkQueue(queue))
  await linked()
  return {
    declare: (queue, type, options) => ask((channel) => declare(channel, queue, { ...options, type })),
    delete: async (queue) => void (await ask((channel) => channel.deleteQueue(queue))),
    publish: async (queue, messages) => publishAll((await linked()).publishing, queue, messages),
    ready: (queue) => check(queue).then(({ messageCount }) => messageCount, unlessMissing),
    consumers: async (queue) => (await check(queue)).consumerCount,
    drain: async (queue) =>
      (await check(queue).catch(unlessMissing)) === undefined ? [] : ask((channel) => drain(channel, queue)),
    close: async () => (await link)?.connection.close(),
  }
}

async function declare(
  channel: Channel,
  queue: string,
  { type, ...options }: Options.AssertQueue & { type: QueueType },
) {
  const dead = deadLettersOf(queue)
  await channel.assertQueue(dead, { durable: true })
  await channel.assertQueue(queue, {
    durable: true,
    deadLetterExchange: '',
    deadLetterRoutingKey: dead,
    ...options,
    arguments: { 'x-queue-type': type, ...options.arguments },
  })
}

async function publishAll(channel: ConfirmChannel, queue: string, messages: readonly Outgoing[]): Promise<void> {
  for (const { id, body, headers, contentType, correlationId, ttlMs } of messages) {
    channel.publish('', queue, Buffer.from(body), {
      persistent: true,
      messageId: id,
      ...(headers === undefined ? {} : { headers }),
      ...(contentType === undefined ? {} : { contentType }),
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(ttlMs === undefined ? {} : { expiration: String(ttlMs) }),
    })
  }
  await channel.waitForConfirms()
}

async function drain(channel: Channel, queue: string): Promise<Raw[]> {
  const found: Raw[] = []
  for (let next = await channel.get(queue); next !== false; next = await channel.get(queue)) {
    channel.ack(next)
    found.push(rawOf(next))
  }
  return found
}

function rawOf({ content, properties }: GetMessage): Raw {
  const { messageId, headers, contentType, correlationId, expiration } = properties
  return {
    id: String(messageId),
    body: content,
    headers: headers ?? {},
    contentType,
    correlationId,
    ttlMs: expiration === undefined ? undefined : Number(expiration),
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 404) return undefined
  throw error
}
