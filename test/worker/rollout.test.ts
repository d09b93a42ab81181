import { describe, expect, it } from 'vitest'
import { statusOf } from '../../src/status/snapshot.ts'
import type { Store } from '../../src/contracts/store.ts'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { deadQueue, handBackQueue } from './support/bench.ts'
import { fleet, quickPolicy } from './support/fleet.ts'

const teardown = useTeardown()
const fail = (): never => {
  throw new Error('no')
}

describe('versions on one queue', () => {
  it('the first to register is in charge; another one waits, linked and ready, and takes nothing', async () => {
    const { worker, publish, state, handled } = fleet(teardown)
    const [first, second] = [worker('v1'), worker('v2')]
    await first.start()
    await second.start()
    publish(50)
    await eventually(() => handled.get('v1')?.length === 50, { what: 'all to be handled' })
    expect((await state()).stable).toBe('v1')
    expect(second.snapshot()).toMatchObject([{ state: 'ready', link: 'idle', version: 'v2' }])
    expect(first.snapshot()).toMatchObject([
      { state: 'ready', link: 'consuming', counts: { taken: 50, succeeded: 50 } },
    ])
    expect(handled.get('v2')).toEqual([])
  })

  it('a good one is promoted; the old one ends by itself; every message is handled once', async () => {
    const { worker, traffic, state, phase, handled, start, server } = fleet(teardown)
    const [first, second] = [worker('v1'), worker('v2')]
    await first.start()
    await second.start()
    const { stop, sent } = traffic(3)
    await start('v2', quickPolicy)
    await phase('Succeeded')
    expect(await first.done).toMatchObject({ reason: 'retired', drains: [{ onTime: true, abandoned: 0 }] })
    expect(await state()).toMatchObject({ stable: 'v2', tombstones: { v1: { reason: 'promotedAway' } } })
    const before = handled.get('v2')?.length ?? 0
    await eventually(() => (handled.get('v2')?.length ?? 0) > before + 20, { what: 'v2 to stream' })
    stop()
    await eventually(() => server.depth('orders') === 0, { what: 'an empty queue' })
    await second.drain()
    const all = [...(handled.get('v1') ?? []), ...(handled.get('v2') ?? [])]
    expect(new Set(all).size).toBe(sent())
    expect(all.length).toBe(sent())
  })

  it('a bad one is taken back within its budget; all it failed is rescued; it takes nothing when it starts again', async () => {
    const { worker, traffic, phase, state, handled, start, server } = fleet(teardown)
    const [first, second] = [worker('v1'), worker('v2', fail)]
    await first.start()
    await second.start()
    const { stop, sent } = traffic(3)
    await start('v2', quickPolicy)
    await phase('RolledBack')
    expect(await second.done).toMatchObject({ reason: 'retired' })
    const failed = handled.get('v2')?.length ?? 0
    expect(failed).toBeGreaterThan(0)
    expect(failed).toBeLessThanOrEqual(8)
    expect((await state()).rollout?.harmed).toBeLessThanOrEqual(8)
    const again = worker('v2', { handle: fail, warmUp: fail })
    await again.start()
    expect(await again.done).toMatchObject({ reason: 'retired', errors: [] })
    stop()
    await eventually(() => server.depth('orders') + server.depth(handBackQueue) === 0, { what: 'empty queues' })
    await first.drain()
    expect(handled.get('v2')?.length).toBe(failed)
    expect(new Set(handled.get('v1')).size).toBe(sent())
    expect(server.depth(deadQueue)).toBe(0)
  })
})

describe('a version with one bad worker among good ones', () => {
  it('goes on without it: the worker has spent its part of the budget, and status names it', async () => {
    const { worker, traffic, state, start, records, handled } = fleet(teardown)
    const bad = worker('v2', fail, { workerId: 'bad-host' })
    const others = ['b', 'c'].map((workerId) => worker('v2', undefined, { workerId }))
    for (const one of [worker('v1'), bad, ...others]) await one.start()
    traffic(2)
    await start('v2', { ...quickPolicy, steps: [{ weight: '50%', duration: '30s' }] })
    const why = async () => {
      const now = await state()
      const policy = await records.readPolicy(now.rollout?.policyDigest ?? '')
      const reports = await records.readReports()
      const status = statusOf({ queue: 'orders', namespace: 'default', state: now, reports, policy, now: Date.now() })
      return status.analysis[0]?.why ?? ''
    }
    await eventually(async () => /failures are of consumer bad-host\..*: look at that worker$/.test(await why()), {
      what: 'the sentence',
    })
    const { counts } = bad.snapshot()[0] ?? {}
    expect(counts?.failed).toBeLessThanOrEqual(4)
    const before = handled.get('v2')?.length ?? 0
    await eventually(() => (handled.get('v2')?.length ?? 0) > before + 100, { what: 'the others to go on' })
    expect((await state()).rollout?.phase).toBe('Progressing')
  })
})

describe('solo mode', () => {
  it('hosts both versions in one process, promotes, and goes on with the new one', async () => {
    const { worker, traffic, phase, handled, start, server } = fleet(teardown)
    const seen: string[] = []
    const solo = worker('v1', () => undefined, {
      canary: { version: 'v2', handler: ({ id }: { id: string }) => void seen.push(id) },
    })
    await solo.start()
    expect(solo.snapshot().map(({ version, state }) => [version, state])).toEqual([
      ['v1', 'ready'],
      ['v2', 'ready'],
    ])
    const { stop, sent } = traffic(3)
    await start('v2', quickPolicy)
    await phase('Succeeded')
    await eventually(() => solo.snapshot()[0]?.state === 'gone', { what: 'the old version to end' })
    stop()
    await eventually(() => server.depth('orders') === 0, { what: 'an empty queue' })
    const drains = await solo.drain()
    expect(drains.length).toBe(2)
    expect(await solo.done).toMatchObject({ reason: 'drained' })
    expect(new Set([...(handled.get('v1') ?? []), ...seen]).size).toBe(sent())
  })

  it('never puts the canary in charge of a new queue, whichever of the two the store answers first', async () => {
    const { worker, state, store } = fleet(teardown)
    let isFirst = true
    const slowForTheFirst: Store = {
      ...store,
      get: async (key) => {
        if (isFirst) {
          isFirst = false
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        return store.get(key)
      },
    }
    const solo = worker('v1', () => undefined, {
      store: slowForTheFirst,
      canary: { version: 'v2', handler: () => undefined },
    })
    await solo.start()
    expect((await state()).stable).toBe('v1')
  })
})

describe('a retired version', () => {
  it('that idles takes nothing, and is there for a new rollout of it', async () => {
    const { worker, traffic, phase, handled, start, state } = fleet(teardown)
    let isBad = true
    const [first, second] = [worker('v1'), worker('v2', () => isBad && fail(), { whenRetired: 'idle' })]
    await first.start()
    await second.start()
    traffic(3)
    await start('v2', quickPolicy)
    await phase('RolledBack')
    await eventually(() => second.snapshot()[0]?.state === 'ready', { what: 'a new incarnation' })
    const failed = handled.get('v2')?.length
    await remains(() => handled.get('v2')?.length === failed, { what: 'nothing taken' })
    isBad = false
    await start('v2', quickPolicy, true)
    await phase('Succeeded')
    expect((await state()).stable).toBe('v2')
    expect(await first.done).toMatchObject({ reason: 'retired' })
  })
})
