import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { postgresStore } from '../../adapters/stores/postgres/index.ts'
import { onServer } from '../contract/store/on-server.ts'
import { rolloutContract } from '../contract/store/rollout-cases.ts'
import { storeContract } from '../contract/store-contract.ts'
import type { StoreTarget } from '../contract/store-contract.ts'
import { startPgbouncer } from '../support/pgbouncer.ts'
import { sql, startPostgres } from '../support/postgres-server.ts'
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
  return { empty, connect }
}

const target: StoreTarget = {
  name: 'PostgreSQL',
  open: async () => onServer(server, freshTable()),
}

storeContract(target)
rolloutContract(target)

storeContract({
  name: 'PostgreSQL behind a transaction pooler',
  open: async () => onServer({ url: pooler.url, control: undefined }, freshTable()),
})
