import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { postgresStore } from '../../adapters/stores/postgres/index.ts'
import { rolloutContract } from '../contract/store/rollout-cases.ts'
import { storeContract } from '../contract/store-contract.ts'
import type { StoreTarget } from '../contract/store-contract.ts'
import { startPgbouncer } from '../support/pgbouncer.ts'
import { sql, startPostgres } from '../support/postgres-server.ts'
import { atPort } from '../support/store-server.ts'
import type { StoreServer } from '../support/store-server.ts'

let server: StoreServer
let pooler: Awaited<ReturnType<typeof startPgbouncer>>
beforeAll(async () => {
  server = await startPostgres()
  pooler = await startPgbouncer(server.url)
})
afterAll(async () => {
  await pooler?.stop()
  await server?.stop()
})

function freshTable() {
  const table = `test_${randomUUID().replaceAll('-', '')}`
  const empty = async (): Promise<void> => void (await sql(server.url, `drop table if exists ${table}`))
  const connect = (url: string, deadlineMs?: number) =>
    postgresStore({ url: `${url}?table=${table}`, ...(deadlineMs !== undefined && { deadlineMs }) })
  return { empty, dispose: empty, connect }
}

const target: StoreTarget = {
  name: 'PostgreSQL',
  async open() {
    const { connect, ...table } = freshTable()
    const { url, control } = server
    return {
      ...table,
      connect: (deadlineMs) => connect(url, deadlineMs),
      server: {
        port: Number(new URL(url).port),
        control,
        connectThrough: (port, deadlineMs) => connect(atPort(url, port), deadlineMs),
      },
    }
  },
}

storeContract(target)
rolloutContract(target)

storeContract({
  name: 'PostgreSQL behind a transaction pooler',
  async open() {
    const { connect, ...table } = freshTable()
    return {
      ...table,
      connect: (deadlineMs) => connect(pooler.url, deadlineMs),
      server: {
        port: Number(new URL(pooler.url).port),
        control: undefined,
        connectThrough: (port, deadlineMs) => connect(atPort(pooler.url, port), deadlineMs),
      },
    }
  },
})
