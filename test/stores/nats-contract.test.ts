import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { natsStore } from '../../adapters/stores/nats/index.ts'
import { onServer } from '../contract/store/on-server.ts'
import { rolloutContract } from '../contract/store/rollout-cases.ts'
import { storeContract } from '../contract/store-contract.ts'
import type { StoreTarget } from '../contract/store-contract.ts'
import { jetStream, startNats } from '../support/nats-server.ts'
import type { StoreServer } from '../support/store-server.ts'

let server: StoreServer
beforeAll(async () => void (server = await startNats()))
afterAll(() => server?.stop())

const target: StoreTarget = {
  name: 'NATS',
  async open() {
    const { url } = server
    const bucket = `test-${randomUUID()}`
    const empty = async (): Promise<void> => void (await jetStream(url, `STREAM.DELETE.KV_${bucket}`))
    const connect = (address: string, deadlineMs?: number) =>
      natsStore({
        url: `${address.replace(/\/$/, '')}?bucket=${bucket}`,
        ...(deadlineMs !== undefined && { deadlineMs }),
      })
    return onServer(server, { connect, empty })
  },
}

storeContract(target)
rolloutContract(target)
