import { describe, expect, it } from 'vitest'
import { createWorker } from '../../src/index.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { handBackQueue } from './support/bench.ts'
import { fleet } from './support/fleet.ts'

const teardown = useTeardown()
const clock = systemClock()
const never = () => new Promise<never>(() => undefined)
const fail = (): never => {
  throw new Error('no')
}

describe('options', () => {
  it('are refused all at once', () => {
    const { server, store } = fleet(teardown)
    const options = {
      queue: '',
      broker: server.broker({ queue: 'orders' }),
      store,
      handler: () => undefined,
      version: 'v1',
    }
    const wrong = {
      ...options,
      concurrency: 0,
      prefetch: 1.5,
      handlerTimeoutMs: Number.NaN,
      canary: { version: 'v1', handler: fail },
    }
    expect(() => createWorker(wrong)).toThrow(
      /queue: expected a name.*canary\.version: expected another.*concurrency: .*prefetch: .*found 1\.5.*handlerTimeoutMs: .*found NaN/s,
    )
  })
})

describe('the version of a worker', () => {
  const { server, store } = fleet(teardown)
  const options = { queue: 'orders', broker: server.broker({ queue: 'orders' }), store, handler: () => undefined }

  it.each(['v 1', '', 'v\n1', 'é', 'x'.repeat(129)])('is one that start would take, and not %j', (version) => {
    expect(() => createWorker({ ...options, version })).toThrow(/wrong: version: expected a version of 1 to 128 [^;]*$/)
    const canary = { version, handler: fail }
    expect(() => createWorker({ ...options, version: 'v1', canary })).toThrow(
      /wrong: canary\.version: expected a version of 1 to 128 [^;]*$/,
    )
  })

  it('is missed without a word about a canary that there is not', () => {
    const without = { ...options, version: undefined as unknown as string }
    expect(() => createWorker(without)).toThrow(/wrong: version: expected a version [^;]*, found nothing$/)
  })
})

describe('a handler of batches', () => {
  it('may not let messages wait for others as long as their handler may take', () => {
    const { server, store } = fleet(teardown)
    const options = { queue: 'orders', broker: server.broker({ queue: 'orders' }), store, version: 'v1' }
    const handler = { handleBatch: () => undefined, batch: { lingerMs: 1_000 } }
    const wrong = { ...options, handler, handlerTimeoutMs: 1_000 }
    expect(() => createWorker(wrong)).toThrow(
      /batch\.lingerMs: expected less than handlerTimeoutMs \(1000\), found 1000/,
    )
    for (const batch of [{ lingerMs: 999 }, { size: 1 }]) expect(() => createWorker({ ...wrong, batch })).not.toThrow()
  })
})

describe('warm-up', () => {
  it('is finished before the first message', async () => {
    const { worker, publish, handled } = fleet(teardown)
    const release = Promise.withResolvers<void>()
    const one = worker('v1', { warmUp: () => release.promise, handle: () => undefined })
    publish(3)
    const started = one.start()
    await remains(() => handled.get('v1')?.length === 0, { what: 'nothing handled', forMs: 150 })
    expect(one.snapshot()).toMatchObject([{ state: 'starting', link: 'connecting' }])
    release.resolve()
    await started
    await eventually(() => handled.get('v1')?.length === 3, { what: 'all to be handled' })
  })

  it.each([
    ['that fails', () => fail()],
    ['that rejects with a hostile value', () => Promise.reject(new Proxy({}, { get: fail }))],
    ['that takes too long', never],
  ])('%s ends the worker', async (_, warmUp) => {
    const { worker, publish, handled } = fleet(teardown)
    const one = worker('v1', { warmUp, handle: () => undefined }, { warmUpTimeoutMs: 100 })
    publish(3)
    await one.start()
    expect(await one.done).toMatchObject({ reason: 'failed', errors: [{ code: 'WARM_UP_FAILED' }] })
    expect(handled.get('v1')).toEqual([])
  })

  it('that never ends does not hinder a drain, and sees its signal', async () => {
    const { worker } = fleet(teardown)
    const begun = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<void>()
    const warmUp = ({ signal }: { signal: AbortSignal }) => {
      begun.resolve()
      signal.addEventListener('abort', () => aborted.resolve())
      return never()
    }
    const one = worker('v1', { warmUp, handle: () => undefined })
    const started = one.start()
    await begun.promise
    await one.drain()
    await aborted.promise
    await started
    expect(await one.done).toMatchObject({ reason: 'drained' })
  })
})

describe('hand-back that cannot be prepared', () => {
  it('keeps a version on trial from being ready, says why, and is tried again', async () => {
    const { worker, server } = fleet(teardown)
    await worker('v1').start()
    const broker = server.broker({ queue: 'orders', handBack: { name: 'returns' } })
    const two = worker('v2', undefined, { broker })
    const started = two.start()
    await eventually(() => two.snapshot()[0]?.linkReason?.includes('returns'), { what: 'the reason' })
    expect(two.snapshot()).toMatchObject([{ state: 'starting' }])
    server.declare('returns')
    await started
    expect(two.snapshot()).toMatchObject([{ state: 'ready', linkReason: undefined }])
  })
})

describe('ending', () => {
  it('by drain: shares one end, finishes what began, signs off, and closes the handler once', async () => {
    const { worker, publish, records, server } = fleet(teardown)
    const release = Promise.withResolvers<void>()
    let closed = 0
    const states: string[] = []
    const one = worker(
      'v1',
      { handle: () => release.promise, close: () => closed++ },
      { onState: ({ state }) => states.push(state) },
    )
    publish(10)
    await one.start()
    await eventually(() => one.snapshot()[0]?.inFlight === 4, { what: 'four in flight' })
    const [a, b] = [one.drain(), one.drain()]
    await eventually(() => server.depth('orders') === 6, { what: 'the rest to be returned' })
    release.resolve()
    expect(await a).toBe(await b)
    expect(await a).toMatchObject([{ finished: 4, abandoned: 0, onTime: true }])
    await one.stop()
    expect(closed).toBe(1)
    expect(states).toEqual(['ready', 'draining', 'drained', 'gone'])
    expect(await records.readReports()).toMatchObject([
      { state: 'gone', link: 'closed', inFlight: 0, counts: { succeeded: 4 } },
    ])
    const state = await records.readState()
    expect(state?.state.lease.holder).toBeUndefined()
  })

  it('by stop during a drain: returns everything at once', async () => {
    const { worker, publish, server } = fleet(teardown)
    const one = worker('v1', never, { drainTimeoutMs: 60_000 })
    publish(10)
    await one.start()
    await eventually(() => one.snapshot()[0]?.inFlight === 4, { what: 'four in flight' })
    const draining = one.drain()
    await clock.sleep(50)
    const before = clock.now()
    expect(await one.stop()).toMatchObject([{ abandoned: 4, onTime: false }])
    expect(clock.now() - before).toBeLessThan(2_000)
    await draining
    expect(await one.done).toMatchObject({ reason: 'stopped' })
    expect(server.depth('orders')).toBe(10)
  })

  it('with `await using`, and before it ever started', async () => {
    const { server, store, publish, handled, worker } = fleet(teardown)
    {
      await using one = worker('v1')
      await one.start()
      publish(1)
      await eventually(() => handled.get('v1')?.length === 1, { what: 'the message' })
    }
    const unused = createWorker({
      queue: 'orders',
      broker: server.broker({ queue: 'orders' }),
      store,
      handler: fail,
      version: 'v9',
    })
    expect(await unused.drain()).toMatchObject([{ finished: 0 }])
    expect(await unused.done).toMatchObject({ reason: 'drained' })
  })

  it.each(['down', 'silent'] as const)('in time when the store is %s and the broker is gone', async (mode) => {
    const { worker, publish, server, store } = fleet(teardown)
    const one = worker('v1', never, { drainTimeoutMs: 1_000 })
    publish(4)
    await one.start()
    await eventually(() => one.snapshot()[0]?.inFlight === 4, { what: 'four in flight' })
    store.mode = mode
    server.setReachable(false)
    const before = clock.now()
    await one.drain()
    expect(clock.now() - before).toBeLessThan(1_300)
  })

  it('by itself when every slot is held by a handler that does not end', async () => {
    const { worker, publish, log, server } = fleet(teardown)
    const options = { handlerTimeoutMs: 50, maxAttempts: 1, drainTimeoutMs: 500 }
    const one = worker('v1', ({ id }: { id: string }) => (id < 'm-4' ? never() : undefined), options)
    publish(20)
    await one.start()
    expect(await one.done).toMatchObject({
      reason: 'failed',
      errors: [{ message: expect.stringContaining('every slot') }],
    })
    expect(log.text).toContain('unhealthy')
    await eventually(() => server.depth('orders') === 20, { what: 'the dead on their way, and what was not begun' })
  })

  it('of a canary in solo mode leaves the stable version alone', async () => {
    const { worker, publish, handled } = fleet(teardown)
    const one = worker('v1', undefined, { canary: { version: 'v2', handler: { handle: fail, warmUp: fail } } })
    await one.start()
    await eventually(() => one.snapshot()[1]?.state === 'gone', { what: 'the canary to end' })
    publish(5)
    await eventually(() => handled.get('v1')?.length === 5, { what: 'all to be handled' })
    await one.drain()
    expect(await one.done).toMatchObject({ reason: 'failed', errors: [{ code: 'WARM_UP_FAILED' }] })
  })
})

describe('reports', () => {
  it('are written as things change, and their beat goes on when nothing does', async () => {
    const { worker, publish, records } = fleet(teardown)
    const one = worker('v1')
    await one.start()
    publish(3)
    await eventually(async () => (await records.readReports())[0]?.counts.succeeded === 3, { what: 'the counts' })
    const first = (await records.readReports())[0]?.beat ?? 0
    await eventually(async () => ((await records.readReports())[0]?.beat ?? 0) >= first + 2, {
      what: 'two beats',
      deadlineMs: 2_600,
    })
    expect(await records.readReports()).toMatchObject([
      { version: 'v1', capacity: 4, obeyed: { epoch: expect.any(Number) } },
    ])
  })

  it('two incarnations of one worker id do not overwrite each other', async () => {
    const { worker, records } = fleet(teardown)
    const twins = [worker('v1', undefined, { workerId: 'w' }), worker('v1', undefined, { workerId: 'w' })]
    await Promise.all(twins.map((twin) => twin.start()))
    await eventually(async () => (await records.readReports()).length === 2, { what: 'two reports' })
    expect(await records.readReports()).toMatchObject([{ worker: 'w' }, { worker: 'w' }])
  })
})

describe('the hand-back queue', () => {
  it('is emptied by the version in charge also without a rollout', async () => {
    const { worker, server, handled } = fleet(teardown)
    server.declare(handBackQueue, { deadLetterTo: 'orders' })
    server.publish(handBackQueue, { id: 'late', body: Buffer.from('x') })
    await worker('v1').start()
    await eventually(() => handled.get('v1')?.length === 1, { what: 'the message' })
    expect(handled.get('v1')).toEqual(['late'])
  })
})
