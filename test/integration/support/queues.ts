import { connect } from 'amqplib'
import { ownQueuesOf } from '../../support/rabbitmq-own-queues.ts'

export type QueueType = 'classic' | 'quorum'

/** Queues of one test: the one that is consumed, its dead-letter queue, and the hand-back queue that the workers declare. */
export interface TestQueues {
  readonly name: string
  readonly dead: string
  readonly handBack: string
  /** Ready messages. `handBack` is 0 where the queue was never declared. */
  depths(): Promise<{ readonly queue: number; readonly dead: number; readonly handBack: number }>
  remove(): Promise<void>
}

export interface QueueSettings {
  readonly type: QueueType
  readonly singleActive?: boolean
}

/** Declares a durable queue of this type with a dead-letter queue of its own, by plain amqplib. */
export async function createQueues(url: string, name: string, settings: QueueSettings): Promise<TestQueues> {
  const dead = `${name}.dead`
  const handBack = `${name}.queue-canary.hand-back`
  await withChannel(url, async (channel) => {
    await channel.assertQueue(dead, { durable: true })
    await channel.assertQueue(name, {
      durable: true,
      deadLetterExchange: '',
      deadLetterRoutingKey: dead,
      arguments: {
        'x-queue-type': settings.type,
        ...(settings.singleActive === true && { 'x-single-active-consumer': true }),
      },
    })
  })
  return {
    name,
    dead,
    handBack,
    depths: async () => ({
      queue: await ready(url, name),
      dead: await ready(url, dead),
      handBack: await ready(url, handBack),
    }),
    remove: () =>
      withChannel(url, async (channel) => {
        for (const queue of [name, dead, ...ownQueuesOf(name)]) await channel.deleteQueue(queue)
      }),
  }
}

type AmqpChannel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>

async function withChannel(url: string, work: (channel: AmqpChannel) => Promise<void>): Promise<void> {
  const connection = await connect(url)
  connection.on('error', () => {})
  try {
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    await work(channel)
  } finally {
    await connection.close().catch(() => {})
  }
}

/** The broker closes the channel on a queue that does not exist; hence one for each question. */
async function ready(url: string, queue: string): Promise<number> {
  let count = 0
  try {
    await withChannel(url, async (channel) => {
      count = (await channel.checkQueue(queue)).messageCount
    })
  } catch (error) {
    if (!String(error).includes('404')) throw error
  }
  return count
}
