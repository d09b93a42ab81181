import { describe, expect, it } from 'vitest'
import { prometheusMetrics } from '../../adapters/metrics/prometheus/index.ts'
import { resultIn } from '../../adapters/metrics/prometheus/query-result.ts'
import { metricProviderContract } from '../contract/metric-provider-contract.ts'
import { ask } from '../contract/metric-provider/ask.ts'
import { hostileServer } from '../support/hostile-server.ts'
import { useTeardown } from '../support/teardown.ts'

const vector = (...values: readonly unknown[]) =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value) => ({ metric: { a: 'b' }, value })) },
  })
const sample = (text: unknown, ageS = 0) => [Date.now() / 1_000 - ageS, text]

metricProviderContract({
  name: 'prometheus',
  open: (origin, settings) =>
    prometheusMetrics({ address: origin, query: 'sum(errors{queue="{{queue}}"})', ...settings }),
  answer: (number) => vector(sample(number)),
  asked: (value) =>
    `queue="${JSON.stringify(value)
      .slice(1, -1)
      .replaceAll(String.raw`\n`, String.raw`\u000a`)}"`,
  none: {
    nothing: { body: vector(), kind: 'noData' },
    null: { body: vector(sample(null)), kind: 'error' },
    text: { body: vector(sample('seven')), kind: 'error' },
    'empty text': { body: vector(sample('')), kind: 'error' },
    true: { body: vector(sample(true)), kind: 'error' },
    NaN: { body: vector(sample('NaN')), kind: 'noData' },
    infinity: { body: vector(sample('+Inf')), kind: 'error' },
    huge: { body: vector(sample('1e999')), kind: 'error' },
    several: { body: vector(sample('1'), sample('1')), kind: 'error' },
    'a list': { body: vector(sample(['1'])), kind: 'error' },
    stale: { body: vector(sample('1', 300)), kind: 'noData' },
  },
})

const now = Date.UTC(2030, 0, 1)
const at = now / 1_000

describe('the answer of Prometheus', () => {
  const ok = (data: object, more: object = {}) => ({ status: 'success', data, ...more })
  const one = (value: unknown) => ok({ resultType: 'vector', result: [{ metric: {}, value }] })

  it.each<[string, unknown, object]>([
    ['a vector of one', one([at, '0.5']), { kind: 'value', value: 0.5 }],
    ['a scalar', ok({ resultType: 'scalar', result: [at, '3'] }), { kind: 'value', value: 3 }],
    ['an exponent', one([at, '1.5e-7']), { kind: 'value', value: 1.5e-7 }],
    ['a sample of two minutes ago', one([at - 120, '1']), { kind: 'value', value: 1 }],
    ['an older one', one([at - 121, '1']), { kind: 'noData', why: 'the sample is 121 s old' }],
    [
      'one from the future',
      one([at + 121, '1']),
      { kind: 'noData', why: "the sample is 121 s ahead of this machine's clock" },
    ],
    [
      'a remark on the query',
      { ...one([at, '1']), warnings: ['PromQL info: metric might not be a counter'] },
      { kind: 'value', value: 1 },
    ],
    ['no warnings', { ...one([at, '1']), warnings: [], infos: ['x'] }, { kind: 'value', value: 1 }],
  ])('%s', (_, document, result) => {
    expect(resultIn(document, now)).toEqual(result)
  })

  it.each<[string, unknown]>([
    ['a part of the data', { ...one([at, '1']), warnings: ['store is not reachable'] }],
    ['a failure', { status: 'error', errorType: 'bad_data', error: 'x', data: one([at, '1']).data }],
    ['nothing at all', null],
    ['a list', []],
    ['text', 'success'],
    ['no data', { status: 'success' }],
    ['a matrix', ok({ resultType: 'matrix', result: [{ values: [[at, '1']] }] })],
    ['a string', ok({ resultType: 'string', result: [at, '1'] })],
    ['a vector that is none', ok({ resultType: 'vector', result: { 0: { value: [at, '1'] } } })],
    ['a histogram', ok({ resultType: 'vector', result: [{ histogram: [at, {}], value: [at, '1'] }] })],
    ['a number in place of text', one([at, 1])],
    ['a time that is text', one([String(at), '1'])],
    ['too much', one([at, '1', '2'])],
    ['no time', one(['1'])],
    ['a time that is none', one([Number.NaN, '1'])],
    ['hexadecimal', one([at, '0x10'])],
    ['white space', one([at, ' 1'])],
    ['two dots', one([at, '1..2'])],
    ['-Inf', one([at, '-Inf'])],
    ['Infinity', one([at, 'Infinity'])],
    ['an exponent beyond everything', one([at, '1e99999'])],
  ])('is never a value: %s', (_, document) => {
    expect(resultIn(document, now).kind).not.toBe('value')
  })
})

describe('a question to Prometheus', () => {
  const teardown = useTeardown()

  it('is a form, below the path of the address', async () => {
    const server = teardown.add(await hostileServer((response) => response.end(vector(sample('1')))), (opened) =>
      opened.close(),
    )
    await ask(
      prometheusMetrics({ address: `${server.origin}/prefix/`, query: 'a{v="{{ version }}"}', timeoutMs: 3_000 }),
    )
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/prefix/api/v1/query',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'query=a%7Bv%3D%22v2%22%7D&timeout=3000ms',
      },
    ])
  })

  it('that cannot be run is an error that says of what kind, and nothing of the words', async () => {
    const body = JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error near hunter2' })
    const server = teardown.add(await hostileServer((response) => response.writeHead(400).end(body)), (opened) =>
      opened.close(),
    )
    expect(await ask(prometheusMetrics({ address: server.origin, query: 'a{' }))).toEqual({
      kind: 'error',
      why: `${server.origin} answered HTTP 400 (bad_data)`,
    })
  })

  it.each(['ftp://a', 'http://me:hunter2@a', 'a', ''])('is not asked of %j', (address) => {
    const open = () => prometheusMetrics({ address, query: 'up' })
    expect(open).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining('hunter2') }))
  })
})
