import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { redisStore } from '../../adapters/stores/redis/index.ts'
import { storeContract } from '../contract/store-contract.ts'
import { redisCommand, startRedis } from '../support/redis-server.ts'
import type { StoreServer } from '../support/store-server.ts'

let server: StoreServer
beforeAll(async () => void (server = await startRedis()))
afterAll(() => server?.stop())

storeContract({
  name: 'Redis',
  async open() {
    const prefix = `test-${randomUUID()}`
    return {
      connect: () => redisStore({ url: `${server.url}/0?prefix=${prefix}` }),
      dispose: async () => void (await redisCommand(server.url, ['DEL', `{${prefix}}:documents`, `{${prefix}}:keys`])),
    }
  },
})
