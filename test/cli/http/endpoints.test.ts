import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../../adapters/stores/memory/index.ts'
import { openEndpoints } from '../../../src/cli/http/endpoints.ts'
import type { ConsumerReport } from '../../../src/core/rollout/consumer-report.ts'
import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import { createQueueRecords } from '../../../src/records/queue-records.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import type { Worker, WorkerEnd } from '../../../src/worker/worker.ts'
import { buildReport } from '../../support/build-report.ts'
import { buildState } from '../../support/build-rollout.ts'
import { settles } from '../../support/eventually.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { useTeardown } from '../../support/teardown.ts'

const teardown = useTeardown()
const clock = systemClock()
const free = { kind: 'listen', host: '127.0.0.1', port: 0, isDefault: false } as const

function logInto(lines: { level: string; text: string; fields: object }[]) {
  const write = (level: string) => (fields: object, text: string) => void lines.push({ level, text, fields })
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** A worker that hosts what it is told, and ends when it is told. */
function fakeWorker(reports: readonly ConsumerReport[]) {
  const done = Promise.withResolvers<WorkerEnd>()
  const worker: Worker = {
    start: async () => {},
    drain: async () => [],
    stop: async () => [],
    done: done.promise,
    snapshot: () => reports,
    [Symbol.asyncDispose]: async () => {},
  }
  return { worker, end: (reason: WorkerEnd['reason']) => done.resolve({ reason, drains: [], errors: [] }) }
}

async function opened() {
  const lines: { level: string; text: string; fields: object }[] = []
  const endpoints = teardown.add(await openEndpoints(free, logInto(lines)), (each) => each.close())
  const url = lines.map(({ text }) => /http:\S+/.exec(text)?.[0] ?? '').join('')
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await settles(fetch(`${url}${path}`), { what: path })
    return { status: response.status, text: await response.text() }
  }
  return { endpoints, get, lines }
}

async function shown(...others: readonly string[]) {
  const reports = [buildReport({ at: Date.now() })]
  const { endpoints, get } = await opened()
  const shared = memoryStore()
  const records = createQueueRecords(shared, { namespace: 'default', queue: 'orders' })
  const faulty = faultyStore(shared)
  const hung = { now: false, asked: 0 }
  const or = <T>(act: () => Promise<T>): Promise<T> => {
    if (!hung.now) return act()
    hung.asked++
    return new Promise(() => {})
  }
  const store = {
    ...faulty,
    get: (key: string) => or(() => faulty.get(key)),
    list: (key: string) => or(() => faulty.list(key)),
  }
  const { worker, end } = fakeWorker(reports)
  const crew = ['orders', ...others].map((queue) => ({ queue, worker }))
  endpoints.show({ crew, store, namespace: 'default', clock })
  return { get, shared, records, faulty, hung, end }
}

describe('the endpoints of a worker', () => {
  it('are there before it has begun', async () => {
    const { get } = await opened()
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503])
  })

  it('tell of its consumers, of the rollout and of its own part in it', async () => {
    const { get, records, end } = await shown()
    const { rollout } = buildState({ phase: 'Progressing' })
    await records.writeState(
      { ...createQueueState('g1', 'v1'), rollout, lease: { holder: 's1', renewals: 1 } },
      undefined,
    )
    expect((await get('/readyz')).status).toBe(200)
    const { text } = await get('/metrics')
    expect(text).toContain('queue_canary_rollout_phase{queue="orders",phase="Progressing"} 1\n')
    expect(text).toContain('queue_canary_in_flight{queue="orders",version="v1",role="stable"} 0\n')
    expect(text).toContain('queue_canary_coordinates{queue="orders"} 1\n')
    expect(JSON.parse((await get('/status?queue=orders')).text)).toMatchObject({
      queue: 'orders',
      phase: 'Progressing',
    })
    end('failed')
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([503, 503])
  })

  it('know nothing of a queue that nobody registered', async () => {
    const { get } = await shown()
    expect(await get('/status')).toEqual({ status: 200, text: '[]\n' })
    expect((await get('/metrics')).text).toContain('queue_canary_store_up 1\n')
  })

  it('tell of the other queues beside one whose document cannot be read', async () => {
    const { get, shared, records } = await shown('bills')
    const { rollout } = buildState({ phase: 'Progressing' })
    await records.writeState({ ...createQueueState('g1', 'v1'), rollout }, undefined)
    await shared.put('default/bills/state', '{"format":2}', undefined)
    const error = { code: 'RECORD_INVALID', message: expect.stringContaining('default/bills/state') }
    const all = await get('/status')
    expect([all.status, JSON.parse(all.text)]).toEqual([
      200,
      [expect.objectContaining({ queue: 'orders' }), { queue: 'bills', namespace: 'default', error }],
    ])
    expect((await get('/status?queue=orders')).status).toBe(200)
    const one = await get('/status?queue=bills')
    expect([one.status, JSON.parse(one.text)]).toEqual([503, { error }])
    const { text } = await get('/metrics')
    expect(text).toContain('queue_canary_rollout_phase{queue="orders",phase="Progressing"} 1\n')
    expect(text).toContain('queue_canary_in_flight{queue="bills",version="v1",role="unknown"} 0\n')
  })

  it('ask only for the queue that is wanted', async () => {
    const { get, records, hung } = await shown('bills', 'mails')
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    hung.now = true
    await get('/status?queue=bills')
    // its document and its reports
    expect(hung.asked).toBe(2)
  })

  it('do not wait for a store that hangs, nor ask it again meanwhile', { timeout: 30_000 }, async () => {
    const { get, hung } = await shown()
    hung.now = true
    const began = performance.now()
    const scrapes = await Promise.all([get('/metrics'), get('/metrics'), get('/healthz'), get('/readyz')])
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(scrapes.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(scrapes[0]?.text).toContain('queue_canary_store_up 0\n')
    expect(scrapes[0]?.text).toContain('queue_canary_in_flight{queue="orders",version="v1",role="unknown"} 0\n')
    expect(JSON.parse((await get('/status')).text)).toMatchObject({ error: { code: 'TIMED_OUT' } })
    await get('/metrics')
    expect(hung.asked).toBe(3)
  })

  it('say that the store fails', async () => {
    const { get, faulty } = await shown()
    faulty.fault = 'reject'
    expect((await get('/metrics')).text).toContain('queue_canary_store_up 0\n')
    expect(await get('/status')).toMatchObject({ status: 503, text: expect.stringContaining('STORE_UNREACHABLE') })
  })
})

describe('an address that is taken', () => {
  async function taken(isDefault: boolean) {
    const other = teardown.add(createServer(), (server) => server.close())
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const lines: { level: string; text: string; fields: object }[] = []
    return { lines, opening: openEndpoints({ ...free, port, isDefault }, logInto(lines)) }
  }

  it('is an error where it was named', async () => {
    await expect((await taken(false)).opening).rejects.toMatchObject({
      code: 'HTTP_ADDRESS_REFUSED',
      message: expect.stringMatching(/^QUEUE_CANARY_HTTP: cannot listen on 127\.0\.0\.1:\d+: another process/),
    })
  })

  it('is a warning where nobody named it', async () => {
    const { opening, lines } = await taken(true)
    await (await opening).close()
    expect(lines).toMatchObject([{ level: 'warn', text: expect.stringContaining('QUEUE_CANARY_HTTP') }])
  })

  it('is never asked for when endpoints are off', async () => {
    const lines: { level: string; text: string; fields: object }[] = []
    await (await openEndpoints({ kind: 'off', isDefault: false }, logInto(lines))).close()
    expect(lines).toEqual([])
  })
})
