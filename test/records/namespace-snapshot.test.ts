import { expect, it } from 'vitest'
import { memoryStore } from '../../adapters/stores/memory/index.ts'
import type { Revision, Store } from '../../src/contracts/store.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import { NamespaceSnapshot } from '../../src/records/namespace-snapshot.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { buildReport } from '../support/build-report.ts'

const namespace = 'default'
const state = createQueueState('g1', 'v1')

async function register(store: Store, queue: string, space = namespace): Promise<void> {
  await createQueueRecords(store, { namespace: space, queue }).writeState(state, undefined)
}

it('names the queues of the namespace that have a document', async () => {
  const store = memoryStore()
  const names = ['a/b', 'orders', 'ü']
  for (const queue of names) await register(store, queue)
  await register(store, 'x', 'staging')
  await register(store, 'y', 'default2')
  await createQueueRecords(store, { namespace, queue: 'only-reports' }).writeReport(buildReport({ id: 'state' }))
  await store.put('default/%E0%A4%A/state', '{}', undefined)
  expect((await new NamespaceSnapshot(store, namespace).refresh()).toSorted()).toEqual(names)
})

it('reads records as they were at the last refresh', async () => {
  const store = memoryStore()
  const [place, other] = [
    { namespace, queue: 'orders' },
    { namespace, queue: 'orders2' },
  ]
  const snapshot = new NamespaceSnapshot(store, namespace)
  const [seen, real] = [createQueueRecords(snapshot, place), createQueueRecords(store, place)]
  await register(store, 'orders')
  await real.writeReport(buildReport({ id: 's1', beat: 1 }))
  await createQueueRecords(store, other).writeReport(buildReport({ id: 's2' }))
  expect([await seen.readState(), await seen.readReports()]).toEqual([undefined, []])
  await snapshot.refresh()
  expect((await seen.readState())?.state).toEqual(state)
  expect((await seen.readReports()).map(({ id, beat }) => [id, beat])).toEqual([['s1', 1]])
  await real.writeReport(buildReport({ id: 's1', beat: 2 }))
  await store.delete('default/orders/state')
  expect((await seen.readReports()).map(({ beat }) => beat)).toEqual([1])
  expect(await snapshot.refresh()).toEqual([])
  expect((await seen.readReports()).map(({ beat }) => beat)).toEqual([2])
  expect(await seen.readState()).toBeUndefined()
})

it('asks a store that can leave values out for those alone that have changed', async () => {
  const inner = memoryStore()
  const travelled: string[] = []
  const far: Store = {
    get: (key) => inner.get(key),
    put: (key, value, expected) => inner.put(key, value, expected),
    delete: (key) => inner.delete(key),
    close: () => inner.close(),
    list: (prefix) => inner.list(prefix),
    listNews: async (prefix, known: ReadonlySet<Revision>) =>
      (await inner.list(prefix)).map(({ key, revision, value }) => {
        if (known.has(revision)) return { key, revision, value: undefined }
        travelled.push(key)
        return { key, revision, value }
      }),
  }
  const snapshot = new NamespaceSnapshot(far, namespace)
  await register(inner, 'orders')
  await register(inner, 'bills')
  await snapshot.refresh()
  await inner.put('default/bills/state', '{}', (await inner.get('default/bills/state'))?.revision)
  await snapshot.refresh()
  expect(travelled).toEqual(['default/bills/state', 'default/orders/state', 'default/bills/state'])
  expect((await snapshot.list('default/')).map(({ key }) => key)).toEqual([
    'default/bills/state',
    'default/orders/state',
  ])
  expect((await snapshot.get('default/bills/state'))?.value).toBe('{}')
})
