import { randomUUID } from 'node:crypto'
import { rabbitmqBroker } from '../../adapters/brokers/rabbitmq/index.ts'
import type { RabbitmqOptions } from '../../adapters/brokers/rabbitmq/index.ts'
import type { Broker } from '../../src/contracts/broker.ts'
import { messages } from '../contract/broker/stage.ts'
import type { RabbitmqServer } from './rabbitmq.ts'
import { ownQueuesOf } from './rabbitmq-own-queues.ts'
import { deadLettersOf, openHelper } from './rabbitmq-target.ts'
import type { Helper, QueueType } from './rabbitmq-target.ts'
import type { Teardown } from './teardown.ts'

/** What most tests of the adapter start from: a fresh queue, a client that is not ours, and brokers on that queue. */
export interface RabbitmqCase {
  readonly queue: string
  readonly handBackQueue: string
  readonly deadLetters: string
  readonly helper: Helper
  /** A broker on the queue, as the administrator unless the options say otherwise. Closed after the test. */
  broker(options?: Partial<RabbitmqOptions>): Broker
  /** Publishes that many messages and returns their ids. */
  publish(count: number, prefix?: string): Promise<readonly string[]>
}

export async function openCase(server: RabbitmqServer, teardown: Teardown, type: QueueType): Promise<RabbitmqCase> {
  const queue = `test-${randomUUID()}`
  const [handBackQueue, deadLetters] = [`${queue}.queue-canary.hand-back`, deadLettersOf(queue)]
  const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
  teardown.add(await helper.declare(queue, type), async () => {
    for (const name of [queue, deadLetters, ...ownQueuesOf(queue)]) await helper.delete(name)
  })
  return {
    queue,
    handBackQueue,
    deadLetters,
    helper,
    broker: (options) =>
      teardown.add(rabbitmqBroker({ url: server.url, queue, handBack: { kind: 'create' }, ...options }), (opened) =>
        opened.close(),
      ),
    async publish(count, prefix) {
      const outgoing = messages(count, prefix)
      await helper.publish(queue, outgoing)
      return outgoing.map(({ id }) => id)
    },
  }
}

export const streaming = {
  source: 'queue',
  precedence: 'normal',
  maxUnsettled: 20,
  permits: Number.POSITIVE_INFINITY,
} as const
export const throttled = { source: 'queue', precedence: 'ahead', maxUnsettled: 5, permits: 0 } as const
