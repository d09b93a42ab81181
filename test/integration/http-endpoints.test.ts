import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventually, settles } from '../support/eventually.ts'
import { hostileServer } from '../support/hostile-server.ts'
import type { Running } from '../support/processes.ts'
import { useTeardown } from '../support/teardown.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'

const teardown = useTeardown()

async function get(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await settles(fetch(url), { what: url })
  return { status: response.status, text: await response.text() }
}

/** Where it says that it listens. */
async function urlOf(worker: Running): Promise<string> {
  await worker.says(/metrics and status at http/)
  return /http:\/\/127\.0\.0\.1:\d+/.exec(worker.stderr)?.[0] ?? ''
}

describe('the HTTP endpoints of a worker', () => {
  const open = useStage()

  it('tell that it is ready, idle or not, what it does, and that it drains', async () => {
    const stage = await open({ type: 'classic' })
    const listening = { env: { QUEUE_CANARY_HTTP: ':0' } }
    const stable = await stage.worker('v1', { ...listening, handler: { delayMs: 5 } })
    const canary = await stage.worker('v2', listening)
    const [stableUrl, canaryUrl] = [await urlOf(stable), await urlOf(canary)]
    await stage.publisher.backlog(50)
    await everythingHandled(stage)
    await eventually(async () => (await get(`${canaryUrl}/readyz`)).status === 200, {
      what: 'the idle canary is ready',
    })
    for (const path of ['/healthz', '/readyz'])
      expect(await get(`${stableUrl}${path}`)).toEqual({ status: 200, text: 'ok\n' })
    const told = { queue: 'orders', phase: null, stable: { version: 'v1', outcomes: { succeeded: 50 } } }
    await eventually(
      async () => expect(JSON.parse((await get(`${stableUrl}/status?queue=orders`)).text)).toMatchObject(told),
      { what: 'a report of 50 messages' },
    )
    expect((await get(`${canaryUrl}/metrics`)).text).toContain(
      'queue_canary_messages_taken_total{queue="orders",version="v2",role="idle"} 0\n',
    )
    const busy = await stage.worker('v1', { ...listening, name: 'slow', handler: { delayMs: 1_000 } })
    const busyUrl = await urlOf(busy)
    await eventually(async () => (await get(`${busyUrl}/readyz`)).status === 200, { what: 'the slow worker is linked' })
    await stage.publisher.backlog(60)
    await eventually(
      async () =>
        !(await get(`${busyUrl}/metrics`)).text.includes('in_flight{queue="orders",version="v1",role="stable"} 0\n'),
      { what: 'slow work' },
    )
    busy.signal('SIGTERM')
    await eventually(
      async () => {
        const [ready, healthy] = await Promise.all(['readyz', 'healthz'].map((path) => get(`${busyUrl}/${path}`)))
        expect([ready?.status, healthy?.status]).toEqual([503, 200])
      },
      { what: 'a draining worker is healthy and not ready' },
    )
    await busy.exitsWith(0)
  })

  it('are left out by all but one of the workers that nobody gave an address', async () => {
    const stage = await open({ type: 'classic' })
    const unset = { env: { QUEUE_CANARY_HTTP: '' } }
    const workers = [
      await stage.worker('v1', { ...unset, name: 'a' }),
      await stage.worker('v1', { ...unset, name: 'b' }),
    ]
    const without = workers.filter(({ stderr }) => stderr.includes('runs without HTTP endpoints'))
    expect(without.length).toBeGreaterThanOrEqual(1)
    expect(workers.map(({ exit }) => exit)).toEqual([undefined, undefined])
  })

  it('end the worker with 2, before anything is consumed or stored, where its address is taken', async () => {
    const stage = await open({ type: 'classic' })
    await stage.publisher.backlog(10)
    const other = teardown.add(await hostileServer(() => {}), (server) => server.close())
    const worker = stage.launchWorker('v1', { env: { QUEUE_CANARY_HTTP: `127.0.0.1:${other.port}` } })
    await worker.exitsWith(2)
    expect(worker.stderr).toMatch(/QUEUE_CANARY_HTTP.*another process listens there.*\[HTTP_ADDRESS_REFUSED\]/)
    expect((await stage.queues.depths()).queue).toBe(10)
    expect(existsSync(join(stage.dir, 'state.db'))).toBe(false)
  })
})

describe('a metric from a server of the operator', () => {
  const open = useStage()
  const token = 'Bearer seeded-metrics-token-93b1'

  it('takes a release back when it goes bad, and the token of its request is seen by nobody', async () => {
    const stage = await open({ type: 'classic' })
    let value = '0.001'
    const server = teardown.add(
      await hostileServer((response) => response.end(`{"data":{"value":${value}}}`)),
      (opened) => opened.close(),
    )
    const env = { METRICS_TOKEN: token }
    const stable = await stage.worker('v1', { env: { ...env, QUEUE_CANARY_HTTP: ':0' }, handler: { delayMs: 5 } })
    const workers = [stable, await stage.worker('v2', { env })]
    const url = `${await urlOf(stable)}/status?queue=orders`
    const provider = {
      http: {
        url: `${server.origin}/{{namespace}}/{{queue}}?version={{version}}`,
        jsonPath: '$.data.value',
        headersFrom: { Authorization: 'METRICS_TOKEN' },
      },
    }
    const metric = { name: 'error-logs', provider, interval: '500ms', thresholdRange: { max: 0.01 } }
    const policy = {
      steps: [
        { weight: '20%', duration: '1s' },
        { weight: '50%', duration: '1m' },
      ],
      analysis: { metrics: [metric] },
      progressDeadline: '2m',
    }
    const stream = stage.publisher.stream(200)
    const rollout = stage.start('v2', policy, '--timeout', '50s')
    await eventually(async () => JSON.parse((await get(url)).text).step?.index === 1, {
      what: 'the second step',
      deadlineMs: 30_000,
    })
    value = '0.5'
    await rollout.exitsWith(3, 30_000)
    await stream.stop()
    await everythingHandled(stage)
    const status = await stage.status()
    expect(status).toMatchObject({ phase: 'RolledBack', current: 'v1', harmed: 0 })
    expect(status.history.find(({ phase }) => phase === 'RollingBack')?.why).toContain(
      'error-logs 0.5 is outside max 0.01',
    )
    expect(server.seen[0]).toMatchObject({
      method: 'GET',
      url: '/default/orders?version=v2',
      headers: { authorization: token },
    })
    const written = [...workers, rollout].map(({ stdout, stderr }) => stdout + stderr).join('\n')
    expect(written + JSON.stringify(status)).not.toContain('seeded-metrics-token')
  })
})
