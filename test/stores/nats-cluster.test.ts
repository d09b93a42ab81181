import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect } from 'vitest'
import { natsStore } from '../../adapters/stores/nats/index.ts'
import type { Store } from '../../src/contracts/store.ts'
import { onServer } from '../contract/store/on-server.ts'
import { storeContract } from '../contract/store-contract.ts'
import { eventually } from '../support/eventually.ts'
import { jetStream, natsNodes, startNats } from '../support/nats-server.ts'
import type { StoreServer } from '../support/store-server.ts'

const nodes: StoreServer[] = []
beforeAll(async () => {
  for (const setting of await natsNodes(3)) nodes.push(await startNats(setting))
  await eventually(makeReplicated, { what: 'the cluster keeps three replicas', deadlineMs: 60_000 })
})
afterAll(() => Promise.all(nodes.map((node) => node.stop())))

async function makeReplicated(): Promise<void> {
  const [url = ''] = nodes.map((node) => node.url)
  const made = await jetStream(url, 'STREAM.CREATE.PROBE', { name: 'PROBE', subjects: ['probe'], num_replicas: 3 })
  expect(made['error']).toBeUndefined()
}

/** The server that the suite breaks is the first one's; clients that work side by side are on all servers in turn. */
storeContract({
  name: 'a NATS cluster with three replicas',
  async open() {
    const [first] = nodes
    if (first === undefined) throw new Error('there is no cluster')
    const bucket = `test-${randomUUID()}`
    const empty = async (): Promise<void> => void (await jetStream(first.url, `STREAM.DELETE.KV_${bucket}`))
    const connect = (address: string, deadlineMs?: number) =>
      natsStore({
        url: `${address.replace(/\/$/, '')}?bucket=${bucket}&replicas=3`,
        ...(deadlineMs !== undefined && { deadlineMs }),
      })
    for (const { url } of nodes) await knowsBucket(connect(url))
    let clients = 0
    const next = (): string => nodes[clients++ % nodes.length]?.url ?? first.url
    return { ...onServer(first, { connect, empty }), connect: (deadlineMs) => connect(next(), deadlineMs) }
  },
})

/** A server that is not the bucket's leader hears of its subjects a moment later. */
async function knowsBucket(store: Store): Promise<void> {
  try {
    await eventually(() => store.delete(''), { what: 'the server takes writes to the bucket' })
  } finally {
    await store.close()
  }
}
