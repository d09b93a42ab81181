import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Store } from '../contracts/store.ts'
import { assertNever } from '../core/assert-never.ts'
import type { QueueEnvironment } from './environment-queue.ts'
import type { StoreSettings } from './environment-readers.ts'
import { refuseImpossibleStore } from './refuse-impossible-store.ts'

/** Plugs adapters in by their kind. An adapter, and the SDK that it brings, is loaded when it is first asked for. */
export interface Composition {
  readonly clock: Clock
  /** Rejects where the store can never work. Whether it does now shows at the first call. */
  readonly openStore: (settings: StoreSettings) => Promise<Store>
  readonly openBroker: (queue: BrokerRequest, log?: Logger) => Promise<Broker>
}

export type BrokerRequest = Pick<QueueEnvironment, 'broker' | 'brokerName' | 'handBack'>

/** One of these per process: everything `memory:` that it opens is one and the same. */
export function createComposition(clock: Clock): Composition {
  const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
    let made: Promise<T> | undefined
    return () => (made ??= make())
  }
  const sharedStore = once(async () => {
    const { memoryStore } = await import('../../adapters/stores/memory/index.ts')
    return memoryStore()
  })
  const sharedServer = once(async () => {
    const { memoryServer } = await import('../../adapters/brokers/memory/index.ts')
    return memoryServer({ clock })
  })
  const stores: Stores = { memory: sharedStore, ...lastingStores }
  const brokers: Brokers = {
    memory: async ({ brokerName, handBack }) => {
      const server = await sharedServer()
      // Nobody outside this process could declare it.
      server.declare(brokerName)
      return server.broker({
        queue: brokerName,
        handBack: handBack.kind === 'named' ? { name: handBack.name } : handBack.kind,
      })
    },
    rabbitmq: async ({ broker: { url }, brokerName, handBack }, log) => {
      const { rabbitmqBroker } = await import('../../adapters/brokers/rabbitmq/index.ts')
      const target = handBack.kind === 'named' ? ({ kind: 'existing', queue: handBack.name } as const) : handBack
      return rabbitmqBroker({ url, queue: brokerName, handBack: target, clock, ...(log && { log }) })
    },
    sqs: async ({ broker: { url }, handBack }, log) => {
      const { sqsBroker } = await import('../../adapters/brokers/sqs/index.ts')
      const target = handBack.kind === 'named' ? ({ kind: 'existing', queue: handBack.name } as const) : undefined
      return sqsBroker({ url, clock, ...(target && { handBack: target }), ...(log && { log }) })
    },
  }
  return {
    clock,
    async openStore(settings) {
      await refuseImpossibleStore(settings)
      return openFrom(stores, settings)
    },
    openBroker: (queue, log) => brokers[queue.broker.kind](queue, log),
  }
}

const lastingStores = {
  sqlite: async ({ path }: { readonly path: string }) => {
    const { sqliteStore } = await import('../../adapters/stores/sqlite/index.ts')
    return sqliteStore({ path })
  },
  redis: async ({ url }: { readonly url: string }) => {
    const { redisStore } = await import('../../adapters/stores/redis/index.ts')
    return redisStore({ url })
  },
  nats: async ({ url }: { readonly url: string }) => {
    const { natsStore } = await import('../../adapters/stores/nats/index.ts')
    return natsStore({ url })
  },
  postgres: async ({ url }: { readonly url: string }) => {
    const { postgresStore } = await import('../../adapters/stores/postgres/index.ts')
    return postgresStore({ url })
  },
}

type Stores = {
  readonly [Kind in StoreSettings['kind']]: (settings: Extract<StoreSettings, { kind: Kind }>) => Promise<Store>
}
type Brokers = Readonly<
  Record<QueueEnvironment['broker']['kind'], (queue: BrokerRequest, log?: Logger) => Promise<Broker>>
>

function openFrom(stores: Stores, settings: StoreSettings): Promise<Store> {
  switch (settings.kind) {
    case 'memory':
      return stores.memory(settings)
    case 'sqlite':
      return stores.sqlite(settings)
    case 'redis':
      return stores.redis(settings)
    case 'nats':
      return stores.nats(settings)
    case 'postgres':
      return stores.postgres(settings)
    default:
      return assertNever(settings)
  }
}
