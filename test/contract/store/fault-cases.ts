import { expect } from 'vitest'
import type { Revision, Store, Versioned } from '../../../src/contracts/store.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { eventually, settles } from '../../support/eventually.ts'
import { create } from './store-case.ts'
import type { FaultCase } from './store-case.ts'

/** Long enough for a busy machine, short enough for a test that waits for it. */
const shortMs = 1_000
const patientMs = 10_000

export const faultCases: readonly FaultCase[] = [
  {
    name: 'lost answer: a write whose answer was lost is done once, and whoever reads sees it',
    breaksServer: false,
    async run({ through, connect, proxy }) {
      const [store, other] = [through(patientMs), await connect()]
      const revision = await create(store, 'k', 'one')
      proxy.cutAfter('toClient', 1)
      await isUnreachable(store.put('k', 'two', revision))
      const found = await eventuallyGet(store, 'k')
      expect(found?.value).toBe('two')
      expect(await other.get('k')).toEqual(found)
      expect(await store.put('k', 'two', revision)).toBeUndefined()
      expect(await store.put('k', 'three', found?.revision)).toEqual(expect.any(String))
      proxy.cutAfter('toClient', 1)
      await isUnreachable(store.delete('k'))
      expect(await eventuallyGet(store, 'k')).toBeUndefined()
    },
  },
  {
    name: 'silence: a call ends at its deadline, and what was given up never overwrites what came after',
    breaksServer: false,
    async run({ through, connect, proxy }) {
      const [store, other] = [through(shortMs), await connect()]
      const revision = await create(store, 'k', 'one')
      proxy.blackHole(true)
      const began = performance.now()
      await isUnreachable(store.put('k', 'late', revision))
      expect(performance.now() - began).toBeLessThan(shortMs + 1_000)
      await isUnreachable(store.get('k'))
      const second = await other.put('k', 'two', revision)
      proxy.blackHole(false)
      expect((await eventuallyGet(store, 'k'))?.value).toBe('two')
      expect(await store.put('k', 'three', second)).toEqual(expect.any(String))
      expect((await other.get('k'))?.value).toBe('three')
    },
  },
  {
    name: 'cuts: of writers whose connections break all the time no success is lost',
    breaksServer: false,
    async run({ through, connect, proxy }) {
      const stores = Array.from({ length: 4 }, () => through(patientMs))
      // by what has passed, not by time: on a busy machine too there is progress between two cuts
      proxy.cutAfter('toClient', 20_000)
      const cutting = setInterval(() => proxy.rearm(), 5)
      const counts = await Promise.all(stores.map((store) => countUp(store, 60))).finally(() => clearInterval(cutting))
      const total = Number((await (await connect()).get('counter'))?.value)
      const [done, unknown] = [sum(counts.map((one) => one.done)), sum(counts.map((one) => one.unknown))]
      expect(proxy.cuts).toBeGreaterThan(5)
      expect(total).toBeGreaterThanOrEqual(done)
      expect(total).toBeLessThanOrEqual(done + unknown)
    },
  },
  {
    name: 'standing still: an answer that came while this process stood still is not given up',
    breaksServer: false,
    async run({ through }) {
      const store = through(shortMs)
      const revision = await create(store, 'k', 'one')
      const reading = store.get('k')
      await new Promise((resolve) => setImmediate(resolve))
      standStill(shortMs + 300)
      expect(await reading).toEqual({ value: 'one', revision })
    },
  },
  {
    name: 'nobody there: said at once, and the store works when the server is back',
    breaksServer: false,
    async run({ through, proxy }) {
      const store = through(patientMs)
      await create(store, 'k', 'one')
      proxy.refuseNew(true)
      proxy.cutAll()
      const began = performance.now()
      await isUnreachable(store.get('k'))
      expect(performance.now() - began).toBeLessThan(5_000)
      proxy.refuseNew(false)
      expect((await eventuallyGet(store, 'k'))?.value).toBe('one')
    },
  },
  {
    name: 'close: ends what is under way, also where nothing answers',
    breaksServer: false,
    async run({ through, proxy }) {
      const store = through(shortMs)
      await create(store, 'k', 'one')
      proxy.blackHole(true)
      const pending = store.get('k').then(
        () => 'answered',
        (error: unknown) => (isQueueCanaryError(error) ? error.code : String(error)),
      )
      await settles(store.close(), { what: 'close', deadlineMs: shortMs + 2_000 })
      expect(await settles(pending, { what: 'the call' })).toMatch(/^STORE_(?:REFUSED|UNREACHABLE)$/)
      proxy.blackHole(false)
    },
  },
  {
    name: 'pause: a server that stands still is unreachable, and goes on with everything it had',
    breaksServer: true,
    async run({ control, through }) {
      const store = through(shortMs)
      const revision = await create(store, 'k', 'one')
      await control.pause()
      try {
        await isUnreachable(store.get('k'))
        await isUnreachable(store.list(''))
      } finally {
        await control.resume()
      }
      expect(await eventuallyGet(store, 'k')).toEqual({ value: 'one', revision })
      expect(await store.put('k', 'two', revision)).toEqual(expect.any(String))
    },
  },
  {
    name: 'crash: documents and revisions outlive the server, and the same client goes on',
    breaksServer: true,
    async run({ control, connect }) {
      const store = await connect()
      const revision = await create(store, 'k', 'one')
      await create(store, 'k2', 'two')
      await control.kill()
      await isUnreachable(store.get('k'))
      await control.start()
      expect(await eventuallyGet(store, 'k')).toEqual({ value: 'one', revision })
      expect(await eventuallyListed(store)).toEqual(['k', 'k2'])
      expect(await eventuallyPut(store, 'k', { value: 'three', revision })).toEqual(expect.any(String))
    },
  },
]

async function isUnreachable(call: Promise<unknown>): Promise<void> {
  const outcome = await settles(
    call.then(
      (value) => value,
      (error: unknown) => error,
    ),
    { what: 'an answer' },
  )
  expect([isQueueCanaryError(outcome, 'STORE_UNREACHABLE'), String(outcome)]).toEqual([true, expect.any(String)])
  expect(String(outcome)).toMatch(/^QueueCanaryError: the store \w+:\/\/[\w.:]+/)
}

/** Of several servers, one may answer reads before they have agreed on who takes writes. */
async function eventuallyPut(store: Store, key: string, { value, revision }: Versioned): ReturnType<Store['put']> {
  let written: Revision | undefined
  const put = async (): Promise<void> => void (written = await store.put(key, value, revision))
  await eventually(put, { what: 'a write', deadlineMs: 30_000 })
  return written
}

async function eventuallyGet(store: Store, key: string): ReturnType<Store['get']> {
  let found: Awaited<ReturnType<Store['get']>>
  await eventually(async () => void (found = await store.get(key)), { what: 'an answer', deadlineMs: 30_000 })
  return found
}

/** A cluster may find documents again before it can list them. */
async function eventuallyListed(store: Store): Promise<readonly string[]> {
  let found: Awaited<ReturnType<Store['list']>> = []
  await eventually(async () => void (found = await store.list('')), { what: 'an answer', deadlineMs: 30_000 })
  return found.map(({ key }) => key)
}

interface Counted {
  done: number
  unknown: number
}

/** Adds one by compare-and-set again and again, whatever befalls it. A write whose outcome is not known is not tried again. */
async function countUp(store: Store, times: number): Promise<Counted> {
  const counted = { done: 0, unknown: 0 }
  while (counted.done < times) {
    const found = await eventuallyGet(store, 'counter')
    try {
      const written = await store.put('counter', `${Number(found?.value ?? 0) + 1}`.padEnd(1_000), found?.revision)
      if (written !== undefined) counted.done++
    } catch {
      counted.unknown++
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return counted
}

function standStill(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
