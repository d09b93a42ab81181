import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { natsStore } from '../../adapters/stores/nats/index.ts'
import { rolloutContract } from '../contract/store/rollout-cases.ts'
import { storeContract } from '../contract/store-contract.ts'
import type { StoreTarget } from '../contract/store-contract.ts'
import { jetStream, startNats } from '../support/nats-server.ts'
import { atPort } from '../support/store-server.ts'
import type { StoreServer } from '../support/store-server.ts'

let server: StoreServer
beforeAll(async () => void (server = await startNats()))
afterAll(() => server?.stop())

const target: StoreTarget = {
  name: 'NATS',
  async open() {
    const { url, control } = server
    const bucket = `test-${randomUUID()}`
    const empty = async (): Promise<void> => void (await jetStream(url, `STREAM.DELETE.KV_${bucket}`))
    const connect = (address: string, deadlineMs?: number) =>
      natsStore({ url: `${address}?bucket=${bucket}`, ...(deadlineMs !== undefined && { deadlineMs }) })
    return {
      connect: (deadlineMs) => connect(url, deadlineMs),
      empty,
      dispose: empty,
      server: {
        port: Number(new URL(url).port),
        control,
        connectThrough: (port, deadlineMs) => connect(atPort(url, port).replace(/\/$/, ''), deadlineMs),
      },
    }
  },
}

storeContract(target)
rolloutContract(target)
