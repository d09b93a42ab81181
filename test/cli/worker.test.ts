import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sqliteStore } from '../../adapters/stores/sqlite/index.ts'
import { workerCommand } from '../../src/cli/commands/worker.ts'
import { createComposition } from '../../src/cli/compose.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'

const place = { store: undefined, namespace: undefined }

describe('worker', () => {
  const teardown = useTeardown()

  async function setUp(handler: string, some: Readonly<Record<string, string>> = {}) {
    const cwd = teardown.add(await mkdtemp(join(tmpdir(), 'worker-')), (folder) => rm(folder, { recursive: true }))
    await writeFile(join(cwd, 'handler.mjs'), handler)
    const env = {
      QUEUE_CANARY_VERSION: 'v1',
      QUEUE_CANARY_QUEUES: 'orders',
      QUEUE_CANARY_ORDERS_URL: 'memory:',
      QUEUE_CANARY_ORDERS_HANDLER: './handler.mjs',
      QUEUE_CANARY_STORE: 'memory:',
      QUEUE_CANARY_LOG_LEVEL: 'silent',
      QUEUE_CANARY_DRAIN_TIMEOUT: '2s',
      QUEUE_CANARY_HTTP: ':0',
      ...some,
    }
    const composition = createComposition(systemClock())
    const store = await composition.openStore({ kind: 'memory' })
    const records = createQueueRecords(store, { namespace: 'default', queue: 'orders' })
    const io = fakeIo({ env, cwd })
    return { io, records, run: () => workerCommand(place, io, composition) }
  }

  it('registers, consumes, and drains at a signal: exit 0', async () => {
    const { io, records, run } = await setUp('export default () => {}')
    const ended = run()
    await eventually(async () => (await records.readReports()).some(({ state }) => state === 'ready'), {
      what: 'ready',
    })
    expect((await records.readState())?.state.stable).toBe('v1')
    io.interrupt()
    expect(await ended).toBe(0)
    expect(io.stdout() + io.stderr()).toBe('')
  })

  it('waits for no handler module when it is told to end: exit 0', async () => {
    const { io, records, run } = await setUp('await new Promise(() => {}); export default () => {}')
    const ended = run()
    await remains(async () => (await records.readState()) === undefined, { what: 'not begun', forMs: 300 })
    io.interrupt()
    expect(await ended).toBe(0)
    await expect(records.readState()).rejects.toThrow('closed')
  })

  it('hosts a canary in the same process', async () => {
    const { io, records, run } = await setUp('export default () => {}', {
      QUEUE_CANARY_ORDERS_CANARY_HANDLER: './handler.mjs',
      QUEUE_CANARY_ORDERS_CANARY_VERSION: 'v2',
    })
    const ended = run()
    const ready = async () =>
      (await records.readReports()).filter(({ state }) => state === 'ready').map(({ version }) => version)
    await eventually(async () => (await ready()).toSorted().join() === 'v1,v2', { what: 'both are ready' })
    io.interrupt()
    expect(await ended).toBe(0)
  })

  it('ends by itself when its version is retired: exit 0', async () => {
    const { records, run } = await setUp('export default () => {}')
    const tombstones = { v1: { reason: 'promotedAway', at: 'then' } } as const
    await records.writeState({ ...createQueueState('g1', 'v2'), tombstones }, undefined)
    expect(await run()).toBe(0)
  })

  it('is broken when the handler cannot warm up: exit 1', async () => {
    const { run } = await setUp('export default { handle() {}, warmUp() { throw new Error("no rates") } }')
    expect(await run()).toBe(1)
  })

  it('reports every variable that is wrong, and starts nothing', async () => {
    const { records, run } = await setUp('export default () => {}', {
      QUEUE_CANARY_VERSION: '',
      QUEUE_CANARY_ORDERS_URL: 'http://x',
      QUEUE_CANARY_ORDERS_CONCURENCY: '7',
    })
    await expect(run()).rejects.toMatchObject({
      code: 'ENVIRONMENT_INVALID',
      message: expect.stringMatching(/VERSION: [^]*ORDERS_URL: [^]*ORDERS_CONCURENCY: /),
    })
    expect(await records.readState()).toBeUndefined()
  })

  it('reports every mistake in the policies of automatic rollouts, and starts nothing', async () => {
    const { io, records, run } = await setUp('export default () => {}', {
      QUEUE_CANARY_AUTO: 'on',
      QUEUE_CANARY_QUEUES: 'orders,bills',
      QUEUE_CANARY_BILLS_URL: 'memory:',
      QUEUE_CANARY_BILLS_HANDLER: './handler.mjs',
      QUEUE_CANARY_ORDERS_POLICY: 'orders.yaml',
      QUEUE_CANARY_BILLS_POLICY: './gone.yaml',
    })
    await writeFile(join(io.cwd, 'orders.yaml'), 'steps: [{ weight: 101% }]\nstrategy: rolling\nnope: 1\n')
    await expect(run()).rejects.toMatchObject({
      code: 'ENVIRONMENT_INVALID',
      message: expect.stringMatching(
        /ORDERS_POLICY \(orders\.yaml\): steps\[0\]\.weight[^]*nope[^]*BILLS_POLICY \(\.\/gone\.yaml\): the file/,
      ),
    })
    await writeFile(join(io.cwd, 'orders.yaml'), 'strategy: rolling\n')
    await expect(run()).rejects.toMatchObject({ message: expect.stringContaining('strategy: rolling is not in') })
    expect(await records.readState()).toBeUndefined()
  })

  it.each([
    ['on', 'v2'],
    ['off', undefined],
  ])('with AUTO=%s a new version starts a rollout of itself: %s', async (auto, canary) => {
    const { io, records, run } = await setUp('export default () => {}', {
      QUEUE_CANARY_VERSION: 'v2',
      QUEUE_CANARY_AUTO: auto,
      QUEUE_CANARY_ORDERS_POLICY: 'orders.yaml',
    })
    await writeFile(join(io.cwd, 'orders.yaml'), 'steps: [{ weight: 5%, duration: 1h }]\nprogressDeadline: 1d\n')
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    const ended = run()
    const rollout = async () => (await records.readState())?.state.rollout
    if (canary === undefined) await remains(async () => (await rollout()) === undefined, { what: 'none', forMs: 3_500 })
    else await eventually(async () => (await rollout())?.canary === canary, { what: 'a rollout' })
    io.interrupt()
    expect(await ended).toBe(0)
  })

  it.each(['sqlite:/tmp', 'sqlite:/nowhere/at/all/state.db'])(
    'refuses to begin with a store that can never be: %s',
    async (store) => {
      const { run } = await setUp('export default () => {}', { QUEUE_CANARY_STORE: store })
      await expect(run()).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    },
  )

  it('waits for a store that refuses, and begins when it does no more', async () => {
    const folder = teardown.add(await mkdtemp(join(tmpdir(), 'store-')), (made) => rm(made, { recursive: true }))
    const path = join(folder, 'state.db')
    await writeFile(path, 'no database, for as long as it is here')
    const { io, run } = await setUp('export default () => {}', { QUEUE_CANARY_STORE: `sqlite:${path}` })
    const ended = run()
    let hasEnded = false
    void ended.finally(() => (hasEnded = true))
    await remains(() => !hasEnded, { what: 'it waits' })
    await rm(path)
    const store = teardown.add(sqliteStore({ path }), (opened) => opened.close())
    const mended = createQueueRecords(store, { namespace: 'default', queue: 'orders' })
    await eventually(async () => (await mended.readState())?.state.stable === 'v1', { what: 'it registers' })
    io.interrupt()
    expect(await ended).toBe(0)
  })

  it('refuses to begin where it cannot listen at the address that was named', async () => {
    const taken = teardown.add(createServer(), (server) => server.close())
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const { records, run } = await setUp('export default () => {}', { QUEUE_CANARY_HTTP: `127.0.0.1:${port}` })
    await expect(run()).rejects.toMatchObject({ code: 'HTTP_ADDRESS_REFUSED' })
    expect(await records.readState()).toBeUndefined()
  })

  it('says which queue has settings that its handler does not go with', async () => {
    const { run } = await setUp('export default { batch: { lingerMs: 5_000 }, handleBatch: () => {} }', {
      QUEUE_CANARY_ORDERS_HANDLER_TIMEOUT: '5s',
    })
    await expect(run()).rejects.toMatchObject({
      code: 'ENVIRONMENT_INVALID',
      message: expect.stringMatching(/\n {2}queue orders: .*batch\.lingerMs: expected less than/),
    })
  })

  it('reports every handler that cannot be used', async () => {
    const { run } = await setUp('export default 7', {
      QUEUE_CANARY_QUEUES: 'orders,bills',
      QUEUE_CANARY_BILLS_URL: 'memory:',
      QUEUE_CANARY_BILLS_HANDLER: './gone.mjs',
    })
    await expect(run()).rejects.toMatchObject({
      code: 'HANDLER_INVALID',
      message: expect.stringMatching(/ORDERS_HANDLER \(\.\/handler\.mjs\)[^]*BILLS_HANDLER \(\.\/gone\.mjs\)/),
    })
  })
})
