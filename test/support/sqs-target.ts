import { randomUUID } from 'node:crypto'
import { sqsBroker } from '../../adapters/brokers/sqs/index.ts'
import type { Broker, Delivery, DeliverySink } from '../../src/contracts/broker.ts'
import type { BrokerFaults, BrokerTarget, BrokerUnderTest, ConnectOverrides } from '../contract/broker-contract.ts'
import { deadLettersOf, sqsHelper, testCredentials, testIdOf, testRegion } from './sqs-helper.ts'
import type { SqsHandle } from './sqs-start.ts'
import { tcpProxy } from './tcp-proxy.ts'

export type SqsQueueType = 'standard' | 'FIFO'

/** The conformance suite's view of an SQS queue. The brokers under test reach the server through a proxy, the helper directly. */
export function sqsTarget({ endpoint }: SqsHandle, type: SqsQueueType): BrokerTarget {
  return {
    name: `SQS, ${type} queue`,
    countsReturns: true,
    heldBy: 'lease',
    bodies: 'text',
    timeToLive: false,
    skip: {
      'precedence: ahead takes the next message while it has permits, normal takes all others':
        'SQS knows no precedence: permits and the number of polls decide',
      'handBack: a message whose time ends there passes through the queue, marked':
        'messages have no time to live of their own',
      'retryLater: a time to live goes on while the message waits': 'messages have no time to live of their own',
      'bodies: empty, binary and large ones arrive as they were':
        'bodies are text that is not empty; see sqs-messages.test.ts',
      'headers: odd names and values arrive as they were, also through a hand-back':
        'ten attributes of three types; see sqs-messages.test.ts',
    },
    open: () => open(endpoint, type === 'FIFO' ? '.fifo' : ''),
  }
}

async function open(endpoint: string, suffix: string): Promise<BrokerUnderTest> {
  const base = `contract-${randomUUID()}`
  const [name, handBackQueue] = [`${base}${suffix}`, `${base}-hand-back${suffix}`]
  const helper = sqsHelper(endpoint)
  await helper.declare(name)
  const { hostname, port } = new URL(endpoint)
  const proxy = await tcpProxy({ host: hostname, port: Number(port) })
  const url = `http://127.0.0.1:${proxy.port}/000000000000/${name}?region=${testRegion}`
  const faults: BrokerFaults = {
    cutLinks: async () => proxy.cutAll(),
    dropLinks: async () => {
      proxy.refuseNew(true)
      proxy.cutAll()
    },
    restoreLinks: async () => proxy.refuseNew(false),
    deleteQueue: () => helper.delete(name),
    createQueue: () => helper.declare(name),
    queueExists: async () => (await helper.ready(name)) !== undefined,
    deleteHandBackQueue: () => helper.delete(handBackQueue),
  }
  function connect({ handBack = 'create' }: ConnectOverrides = {}): Broker {
    const queue = handBack === 'missing' ? `nowhere${suffix}` : handBackQueue
    const option = handBack === 'off' ? ({ kind: 'off' } as const) : ({ kind: 'existing', queue } as const)
    const broker = sqsBroker({ url, handBack: option, credentials: testCredentials })
    return byTestIds(broker, async () => (handBack === 'create' ? helper.declare(handBackQueue) : undefined))
  }
  return {
    connect,
    publish: (messages) => helper.publish(name, messages),
    ready: async () => (await helper.ready(name)) ?? 0,
    handBackReady: async () => (await helper.ready(handBackQueue)) ?? 0,
    takeHandedBack: () => helper.drain(handBackQueue),
    deadLettered: () => helper.drain(deadLettersOf(name)),
    faults,
    dispose: async () => {
      for (const queue of [name, handBackQueue]) {
        await helper.delete(queue)
        await helper.delete(deadLettersOf(queue))
      }
      helper.close()
      await proxy.close()
    },
  }
}

/** The suite knows messages by ids that it chose, and has the hand-back queue made when it asks for it: the operator's work on SQS. */
function byTestIds(broker: Broker, declareHandBack: () => Promise<void>): Broker {
  return {
    capabilities: broker.capabilities,
    subscribe: (request, sink) => broker.subscribe(request, renaming(sink)),
    async prepareHandBack() {
      await declareHandBack()
      await broker.prepareHandBack()
    },
    inspect: () => broker.inspect(),
    async diagnose() {
      await declareHandBack().catch(() => {})
      return broker.diagnose()
    },
    close: () => broker.close(),
  }
}

function renaming(sink: DeliverySink): DeliverySink {
  return {
    onDelivery: (delivery) => sink.onDelivery(renamed(delivery)),
    onLink: (state, reason) => sink.onLink(state, reason),
  }
}

function renamed(delivery: Delivery): Delivery {
  const { message, passage } = delivery
  return {
    message: { ...message, id: testIdOf(message.headers) ?? message.id },
    passage,
    get isVoid() {
      return delivery.isVoid
    },
    get returnsLeft() {
      return delivery.returnsLeft
    },
    ack: () => delivery.ack(),
    requeue: () => delivery.requeue(),
    deadLetter: () => delivery.deadLetter(),
    handBack: (note) => delivery.handBack(note),
    retryLater: (note) => delivery.retryLater(note),
  }
}
