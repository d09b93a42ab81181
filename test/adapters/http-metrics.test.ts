import { describe, expect, it } from 'vitest'
import { httpMetrics } from '../../adapters/metrics/http/index.ts'
import { metricProviderContract } from '../contract/metric-provider-contract.ts'
import { ask, values } from '../contract/metric-provider/ask.ts'
import { hostileServer } from '../support/hostile-server.ts'
import { useTeardown } from '../support/teardown.ts'

const answer = (number: string) => `{"data":{"value":${number},"others":[1,2]}}`

metricProviderContract({
  name: 'http',
  open: (origin, settings) =>
    httpMetrics({ url: `${origin}/figures?queue={{queue}}`, jsonPath: '$.data.value', ...settings }),
  answer,
  asked: (value) => value,
  none: {
    nothing: { body: '{"data":{}}', kind: 'noData' },
    null: { body: answer('null'), kind: 'noData' },
    text: { body: answer('"7"'), kind: 'error' },
    'empty text': { body: answer('""'), kind: 'error' },
    true: { body: answer('true'), kind: 'error' },
    NaN: { body: answer('NaN'), kind: 'error' },
    infinity: { body: answer('Infinity'), kind: 'error' },
    huge: { body: answer('1e999'), kind: 'error' },
    several: { body: answer('{"a":1,"b":2}'), kind: 'error' },
    'a list': { body: answer('[1]'), kind: 'error' },
    stale: { body: answer('1'), headers: { age: '300' }, kind: 'noData' },
  },
})

describe('a question over HTTP', () => {
  const teardown = useTeardown()

  async function opened(url: string, jsonPath = '$.data.value') {
    const server = teardown.add(await hostileServer((response) => response.end(answer('4'))), (each) => each.close())
    return { server, provider: httpMetrics({ url: `${server.origin}${url}`, jsonPath }) }
  }

  it('is a GET with the values where they belong', async () => {
    const { server, provider } = await opened('/{{namespace}}/{{queue}}?v={{ version }}&r={{rollout}}')
    const odd = { ...values, queue: 'a/b c', version: '1.0+x&y' }
    expect(await provider.measure(odd, new AbortController().signal)).toEqual({ kind: 'value', value: 4 })
    expect(server.seen).toMatchObject([{ method: 'GET', url: '/default/a%2Fb%20c?v=1.0%2Bx%26y&r=r1', body: '' }])
  })

  it.each(['..', '.'])('does not climb by a queue that is named %j', async (queue) => {
    const { server, provider } = await opened('/figures/{{queue}}/x')
    expect(await provider.measure({ ...values, queue }, new AbortController().signal)).toMatchObject({ kind: 'error' })
    expect(server.seen).toEqual([])
  })

  it.each([
    ['$.data.others[1]', { kind: 'value', value: 2 }],
    ['$["data"]["value"]', { kind: 'value', value: 4 }],
    ['$.data.others[2]', { kind: 'noData', why: 'the answer has nothing at $.data.others[2]' }],
    ['$.data.constructor', { kind: 'noData', why: 'the answer has nothing at $.data.constructor' }],
    ['$.data', { kind: 'error', why: 'the answer has an object at $.data, and no number' }],
  ])('finds at %s what is there', async (path, result) => {
    const { provider } = await opened('/', path)
    expect(await ask(provider)).toEqual(result)
  })

  it.each([
    [{ url: 'http://me:hunter2@a/', jsonPath: '$' }],
    [{ url: 'file:///etc/passwd', jsonPath: '$' }],
    [{ url: 'http://a/', jsonPath: '$..hunter2' }],
  ])('is refused with USAGE (case %#)', (options) => {
    expect(() => httpMetrics(options)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining('hunter2') }),
    )
  })
})
