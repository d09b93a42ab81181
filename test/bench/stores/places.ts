import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { natsStore } from '../../../adapters/stores/nats/index.ts'
import { postgresStore } from '../../../adapters/stores/postgres/index.ts'
import { redisStore } from '../../../adapters/stores/redis/index.ts'
import { sqliteStore } from '../../../adapters/stores/sqlite/index.ts'
import type { Store } from '../../../src/contracts/store.ts'
import { startNats } from '../../support/nats-server.ts'
import { startPostgres } from '../../support/postgres-server.ts'
import { startRedis } from '../../support/redis-server.ts'
import { atPort } from '../../support/store-server.ts'
import type { StoreServer } from '../../support/store-server.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'

/** A store and what the coordinator's connection to it has carried. */
export interface Place {
  readonly name: string
  /** Those who report. */
  readonly others: Store
  /** The coordinator. */
  readonly own: Store
  /** Bytes so far; undefined where nothing goes over a wire. */
  readonly bytes: () => number | undefined
  close(): Promise<void>
}

export const places: Readonly<Record<string, () => Promise<Place>>> = {
  sqlite: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'queue-canary-bench-'))
    const store = sqliteStore({ path: join(folder, 'state.db') })
    const close = async (): Promise<void> => {
      await store.close()
      rmSync(folder, { recursive: true })
    }
    return { name: 'SQLite', others: store, own: store, bytes: () => undefined, close }
  },
  redis: () => onServer('Redis', startRedis, redisStore),
  nats: () => onServer('NATS', startNats, natsStore),
  postgres: () => onServer('PostgreSQL', startPostgres, postgresStore),
}

async function onServer(
  name: string,
  start: () => Promise<StoreServer>,
  open: (options: { readonly url: string; readonly deadlineMs: number }) => Store,
): Promise<Place> {
  const server = await start()
  const proxy = await tcpProxy({ port: Number(new URL(server.url).port) })
  const deadlineMs = 60_000
  const [others, own] = [
    open({ url: server.url, deadlineMs }),
    open({ url: atPort(server.url, proxy.port), deadlineMs }),
  ]
  return {
    name,
    others,
    own,
    bytes: () => proxy.passed,
    async close() {
      await Promise.all([others.close(), own.close()])
      await proxy.close()
      await server.stop()
    },
  }
}
