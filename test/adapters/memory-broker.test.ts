import { memoryServer } from '../../adapters/brokers/memory/memory-server.ts'
import type { QueueOptions } from '../../adapters/brokers/memory/memory-queue.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { brokerContract } from '../contract/broker-contract.ts'
import type { BrokerUnderTest } from '../contract/broker-contract.ts'

const handBackQueue = 'orders.queue-canary.hand-back'

brokerContract({ name: 'memory, counting', countsReturns: true, open: () => open({ deliveryLimit: 20 }) })
brokerContract({ name: 'memory, not counting', countsReturns: false, open: () => open({ countsDeliveries: false }) })

async function open(profile: QueueOptions): Promise<BrokerUnderTest> {
  const server = memoryServer({ clock: systemClock() })
  const createQueue = (): void => server.declare('orders', { ...profile, deadLetterTo: 'orders.dead' })
  createQueue()
  server.declare('orders.dead')
  return {
    connect: ({ handBack = 'create' } = {}) =>
      server.broker({ queue: 'orders', handBack: handBack === 'missing' ? { name: 'nowhere' } : handBack }),
    publish: async (messages) => messages.forEach((message) => server.publish('orders', message)),
    ready: async () => server.depth('orders'),
    handBackReady: async () => (server.has(handBackQueue) ? server.depth(handBackQueue) : 0),
    takeHandedBack: async () => server.drain(handBackQueue),
    deadLettered: async () => server.drain('orders.dead'),
    faults: {
      cutLinks: async () => server.cutLinks(),
      dropLinks: async () => server.setReachable(false),
      restoreLinks: async () => server.setReachable(true),
      deleteQueue: async () => server.delete('orders'),
      createQueue: async () => createQueue(),
      queueExists: async () => server.has('orders'),
      deleteHandBackQueue: async () => server.delete(handBackQueue),
    },
    dispose: async () => server.close(),
  }
}
