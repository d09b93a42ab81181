import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { httpMetrics } from '../../adapters/metrics/http/index.ts'
import { metricProviderContract } from '../contract/metric-provider-contract.ts'
import { ask, values } from '../contract/metric-provider/ask.ts'
import { hostileServer } from '../support/hostile-server.ts'
import { useTeardown } from '../support/teardown.ts'
import { testCertificate, testCertificateKey } from '../support/test-certificate.ts'

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

describe('a question over HTTPS', () => {
  const teardown = useTeardown()
  const run = promisify(execFile)

  async function served() {
    let asked = 0
    const server = createServer({ cert: testCertificate, key: testCertificateKey }, (_, response) => {
      asked += 1
      response.end(answer('4'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    teardown.add(server, (opened) => opened.close())
    return { port: (server.address() as AddressInfo).port, asked: () => asked }
  }

  /** In a process that trusts the certificate of the tests: what is trusted is told to Node before it starts. */
  async function askTrusting(url: string): Promise<unknown> {
    const dir = teardown.add(mkdtempSync(join(tmpdir(), 'queue-canary-tls-')), (path) =>
      rmSync(path, { recursive: true }),
    )
    const file = join(dir, 'ca.pem')
    writeFileSync(file, testCertificate)
    const script = `
      import { httpMetrics } from 'queue-canary/http-metrics'
      const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
      const provider = httpMetrics({ url: '${url}', jsonPath: '$.data.value', resolve })
      console.log(JSON.stringify(await provider.measure({}, new AbortController().signal)))`
    const { stdout } = await run(
      process.execPath,
      ['--conditions=queue-canary-source', '--input-type=module', '-e', script],
      {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: file },
      },
    )
    return JSON.parse(stdout)
  }

  it('is answered by a server that is who it says it is', async () => {
    const { port } = await served()
    expect(await askTrusting(`https://localhost:${port}/`)).toEqual({ kind: 'value', value: 4 })
  })

  it('is not asked of one that is somebody else', async () => {
    const { port, asked } = await served()
    expect(await askTrusting(`https://metrics.test:${port}/`)).toEqual({
      kind: 'error',
      why: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    })
    expect(asked()).toBe(0)
  })

  it('is not asked of one that nobody vouches for, nor of one without TLS', async () => {
    const { port, asked } = await served()
    const plain = teardown.add(await hostileServer((response) => response.end(answer('4'))), (opened) => opened.close())
    for (const at of [port, plain.port]) {
      const provider = httpMetrics({ url: `https://localhost:${at}/`, jsonPath: '$', timeoutMs: 3_000 })
      expect(await ask(provider)).toEqual({ kind: 'error', why: expect.stringContaining('could not be asked') })
    }
    expect([asked(), plain.seen]).toEqual([0, []])
  })
})
