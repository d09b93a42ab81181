import { expect } from 'vitest'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { eventually, settles } from '../../support/eventually.ts'
import { increment } from '../../support/increment.ts'
import type { StoreCase } from './store-case.ts'
import { create } from './store-case.ts'

export const concurrencyCases: readonly StoreCase[] = [
  {
    name: 'concurrency: eight writers count to 1,600 together',
    async run(connect) {
      const stores = await Promise.all(Array.from({ length: 8 }, connect))
      const counts = await Promise.all(stores.map((store) => increment(store, 'counter', 200)))
      expect((await stores[0]?.get('counter'))?.value).toBe('1600')
      expect(counts).toEqual(Array(8).fill(200))
    },
  },
  {
    name: 'concurrency: of many creators and of many replacers of one revision one succeeds',
    async run(connect) {
      const stores = await Promise.all(Array.from({ length: 6 }, connect))
      for (let round = 0; round < 20; round++) {
        const key = `race/${round}`
        const created = (await Promise.all(stores.map((store, index) => store.put(key, `${index}`, undefined)))).filter(
          Boolean,
        )
        expect(created.length).toBe(1)
        const replaced = await Promise.all(stores.map((store, index) => store.put(key, `second ${index}`, created[0])))
        expect(replaced.filter(Boolean).length).toBe(1)
        const winner = replaced.findIndex((revision) => revision !== undefined)
        expect(await stores[0]?.get(key)).toEqual({ value: `second ${winner}`, revision: replaced[winner] })
      }
    },
  },
  {
    name: 'concurrency: a reader never sees half a document, nor an older one after a newer one',
    async run(connect) {
      const [writer, reader] = [await connect(), await connect()]
      const content = (step: number): string => `${step}/`.repeat(5_000)
      let revision = await create(writer, 'k', content(0))
      let written = 0
      const writing = (async () => {
        for (let step = 1; step <= 60; step++) {
          revision = (await writer.put('k', content(step), revision)) ?? 'conflict'
          written = step
        }
      })()
      for (let seen = 0; seen < 60;) {
        const known = written
        const document = await reader.get('k')
        const step = Number.parseInt(document?.value ?? '', 10)
        expect(document?.value === content(step)).toBe(true)
        expect(step).toBeGreaterThanOrEqual(Math.max(seen, known))
        seen = step
        await new Promise((resolve) => setImmediate(resolve))
      }
      await writing
    },
  },
]

export const lifecycleCases: readonly StoreCase[] = [
  {
    name: 'close: idempotent, and each call after it is refused',
    async run(connect) {
      const store = await connect()
      await create(store, 'k', 'one')
      await settles(Promise.all([store.close(), store.close()]), { what: 'close' })
      await store.close()
      const calls = [store.get('k'), store.put('k', 'two', undefined), store.list(''), store.delete('k')]
      for (const outcome of await settles(Promise.allSettled(calls), { what: 'an answer' })) {
        const reason: unknown = outcome.status === 'rejected' ? outcome.reason : undefined
        expect(isQueueCanaryError(reason, 'STORE_REFUSED') || isQueueCanaryError(reason, 'STORE_UNREACHABLE')).toBe(
          true,
        )
      }
    },
  },
  {
    name: 'close: an unused store closes too',
    async run(connect) {
      const store = await connect()
      await expect(settles(store.close(), { what: 'close' })).resolves.toBeUndefined()
    },
  },
  {
    name: 'close: of one client leaves the others at work',
    async run(connect) {
      const [store, other] = [await connect(), await connect()]
      const revision = await create(store, 'k', 'one')
      await store.close()
      expect(await other.put('k', 'two', revision)).toEqual(expect.any(String))
    },
  },
  {
    name: 'restart: documents and revisions outlive every client',
    async run(connect) {
      const before = await connect()
      const revision = await create(before, 'k', 'one')
      await before.close()
      const after = await connect()
      expect(await after.get('k')).toEqual({ value: 'one', revision })
      expect(await after.put('k', 'two', revision)).toEqual(expect.any(String))
    },
  },
]

export const amnesiaCases: readonly StoreCase[] = [
  {
    name: 'amnesia: after everything was lost no old revision matches, and none comes back',
    async run(connect, documents) {
      const [store, other] = [await connect(), await connect()]
      const old: string[] = []
      for (const [index, key] of ['a', 'b', 'a/c'].entries()) old.push(await create(store, key, `${index}`))
      const [first] = old
      old.push((await store.put('a', 'replaced', first)) ?? 'conflict')
      await other.list('')
      await documents.empty()
      await eventually(async () => (await store.get('a')) === undefined, { what: 'the documents to be gone' })
      await eventually(async () => (await other.list('')).length === 0, { what: 'the list to be empty' })
      for (const revision of old) expect(await store.put('a', 'stolen', revision)).toBeUndefined()
      const fresh = [await create(store, 'a', '0'), await create(other, 'b', '1'), await create(store, 'a/c', '2')]
      fresh.push((await other.put('a', 'replaced', fresh[0])) ?? 'conflict')
      expect(fresh.filter((revision) => old.includes(revision))).toEqual([])
      for (const revision of old) expect(await store.put('a', 'stolen', revision)).toBeUndefined()
      expect((await other.list('')).map(({ key, value }) => [key, value])).toEqual([
        ['a', 'replaced'],
        ['a/c', '2'],
        ['b', '1'],
      ])
    },
  },
]
