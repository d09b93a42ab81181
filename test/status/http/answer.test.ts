import { describe, expect, it } from 'vitest'
import { QueueCanaryError } from '../../../src/errors.ts'
import { answerTo, startingSource } from '../../../src/status/http/answer.ts'
import type { EndpointSource } from '../../../src/status/http/answer.ts'
import type { QueueEntry } from '../../../src/status/queue-status.ts'
import { statusOf } from '../../../src/status/snapshot.ts'
import { input } from '../fixtures.ts'

const unreadable: QueueEntry = {
  queue: 'odd',
  namespace: 'default',
  error: { code: 'RECORD_INVALID', message: 'the record cannot be read' },
}
const good: EndpointSource = {
  health: () => ({ ok: true, problems: [] }),
  readiness: () => ({ ok: false, problems: ['one', 'two'] }),
  metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
  status: async (wanted) =>
    [statusOf(input({})), statusOf(input({ queue: 'bills & more' })), unreadable].filter(
      ({ queue }) => wanted === undefined || wanted === queue,
    ),
}
const json = 'application/json; charset=utf-8'

async function get(target: string, source = good, method = 'GET') {
  const { status, headers, body } = await answerTo({ method, target }, source)
  const content: unknown = headers['content-type'] === json ? JSON.parse(body) : body
  return { status, headers, content }
}

describe('answerTo', () => {
  it.each([
    ['/healthz', 200, 'ok\n'],
    ['/healthz?verbose', 200, 'ok\n'],
    ['/readyz', 503, 'one\ntwo\n'],
    ['/metrics', 200, 'a 1\n'],
  ])('GET %s', async (target, status, content) => {
    expect(await get(target)).toMatchObject({ status, content })
  })

  it.each([
    '/',
    '',
    '/metrics/',
    '/METRICS',
    '//metrics',
    '/../metrics',
    '/%6detrics',
    'http://elsewhere/metrics',
    '/events',
    '/__proto__',
    '/status#x',
  ])('knows no %j', async (target) => {
    expect((await get(target)).status).toBe(404)
  })

  it('says what there is', async () => {
    expect((await get('/')).content).toBe('expected one of /healthz, /readyz, /metrics, /status\n')
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', ''])('refuses %j everywhere', async (method) => {
    for (const target of ['/metrics', '/rollouts/orders/abort']) {
      expect(await get(target, good, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    }
  })

  it('refuses a long target', async () => {
    expect((await get(`/status?queue=${'x'.repeat(2_100)}`)).status).toBe(414)
  })

  it('tells the status of every queue, or of one', async () => {
    expect(await get('/status')).toMatchObject({
      status: 200,
      content: [{ queue: 'orders' }, { queue: 'bills & more' }, unreadable],
    })
    expect(await get('/status?queue=odd')).toMatchObject({ status: 503, content: { error: unreadable.error } })
    expect(await get('/status?queue=bills%20%26%20more')).toMatchObject({
      status: 200,
      content: { queue: 'bills & more' },
    })
    expect(await get('/status?queue=bills')).toMatchObject({ status: 404, content: { error: { code: 'NOT_FOUND' } } })
    expect((await get('/status?queue=')).status).toBe(404)
  })

  it('says which error of ours it was, and is honest about a defect', async () => {
    const source = { ...good, status: () => Promise.reject(new QueueCanaryError('STORE_UNREACHABLE', 'no answer')) }
    expect(await get('/status', source)).toMatchObject({
      status: 503,
      content: { error: { code: 'STORE_UNREACHABLE', message: 'no answer' } },
    })
    await expect(
      get('/status', { ...good, status: () => Promise.reject(new Error('the order of hunter2')) }),
    ).rejects.toThrow('hunter2')
  })

  it('while the process starts, is alive and nothing else', async () => {
    const seen = await Promise.all(
      ['/healthz', '/readyz', '/metrics', '/status'].map((target) => get(target, startingSource)),
    )
    expect(seen.map(({ status }) => status)).toEqual([200, 503, 503, 503])
  })
})
