import { openRabbitmq } from '../support/rabbitmq.ts'
import type { RabbitmqServer } from '../support/rabbitmq.ts'
import { startRabbitmq } from '../support/rabbitmq-start.ts'
import { startNats } from '../support/nats-server.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { startRedis } from '../support/redis-server.ts'
import type { StoreServer } from '../support/store-server.ts'
import type { StoreKind } from './cell.ts'

/** Servers that cells break one after the other. Each lane has its own, so that cells may run side by side. */
export interface Lane extends AsyncDisposable {
  readonly broker: RabbitmqServer
  store(kind: StoreKind): Promise<StoreServer>
}

const starters = { redis: startRedis, nats: startNats, postgres: startPostgres } as const

export async function openLane(): Promise<Lane> {
  const { handle, stop } = await startRabbitmq({ ...process.env, AMQP_URL: undefined })
  const stores = new Map<StoreKind, Promise<StoreServer>>()
  return {
    broker: openRabbitmq(handle),
    store(kind) {
      const known = stores.get(kind) ?? starters[kind]()
      stores.set(kind, known)
      return known
    },
    async [Symbol.asyncDispose]() {
      for (const opened of stores.values()) await opened.then((server) => server.stop())
      await stop()
    },
  }
}
