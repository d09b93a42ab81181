import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { redisStore } from '../../adapters/stores/redis/index.ts'
import { onServer } from '../contract/store/on-server.ts'
import { rolloutContract } from '../contract/store/rollout-cases.ts'
import { storeContract } from '../contract/store-contract.ts'
import type { StoreTarget } from '../contract/store-contract.ts'
import { redisCommand, startRedis } from '../support/redis-server.ts'
import type { StoreServer } from '../support/store-server.ts'

let server: StoreServer
beforeAll(async () => void (server = await startRedis()))
afterAll(() => server?.stop())

const target: StoreTarget = {
  name: 'Redis',
  async open() {
    const { url } = server
    const prefix = `test-${randomUUID()}`
    const empty = async (): Promise<void> =>
      void (await redisCommand(url, ['DEL', `{${prefix}}:documents`, `{${prefix}}:keys`]))
    const connect = (address: string, deadlineMs?: number) =>
      redisStore({ url: `${address}?prefix=${prefix}`, ...(deadlineMs !== undefined && { deadlineMs }) })
    return onServer(server, { connect, empty })
  },
}

storeContract(target)
rolloutContract(target)
