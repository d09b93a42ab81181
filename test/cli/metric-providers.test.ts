import { describe, expect, it } from 'vitest'
import { metricProviders } from '../../src/cli/metric-providers.ts'
import type { Provider } from '../../src/core/policy/policy.ts'
import { ask } from '../contract/metric-provider/ask.ts'
import { hostileServer } from '../support/hostile-server.ts'
import { useTeardown } from '../support/teardown.ts'

const teardown = useTeardown()
const env = { METRICS_TOKEN: 'Bearer hunter2', METRICS_EMPTY: '' }

async function served() {
  const vector = { resultType: 'vector', result: [{ value: [Date.now() / 1_000, '4'] }] }
  const body = JSON.stringify({ status: 'success', data: vector, value: 4 })
  return teardown.add(await hostileServer((response) => response.end(body)), (server) => server.close())
}

function providerAt(
  origin: string,
  kind: 'prometheus' | 'http',
  headersFrom: Readonly<Record<string, string>> = {},
): Provider {
  const rest = { timeoutMs: 2_000, headersFrom }
  if (kind === 'http') return { kind, settings: { url: `${origin}/{{queue}}`, jsonPath: '$.value', ...rest } }
  return { kind, settings: { address: origin, query: 'up', ...rest } }
}

describe('metricProviders', () => {
  it.each(['prometheus', 'http'] as const)('opens %s with its settings and the values of its headers', async (kind) => {
    const server = await served()
    const open = metricProviders(env, undefined)
    const provider = await open(providerAt(server.origin, kind, { Authorization: 'METRICS_TOKEN' }))
    expect(await ask(provider)).toEqual({ kind: 'value', value: 4 })
    expect(server.seen[0]?.headers.authorization).toBe('Bearer hunter2')
  })

  it.each(['METRICS_GONE', 'METRICS_EMPTY', 'constructor'])('says that %s is not set', async (variable) => {
    const opening = metricProviders(env, undefined)(providerAt('http://a', 'http', { 'X-Key': variable }))
    await expect(opening).rejects.toMatchObject({
      code: 'ENVIRONMENT_INVALID',
      message: `${variable}: expected a value for the header X-Key, as the policy wants it, found nothing; set it for every worker of the queue`,
    })
  })

  it('keeps to the hosts that the operator allows', async () => {
    const server = await served()
    const open = metricProviders(env, [{ host: 'elsewhere', port: undefined }])
    expect(await ask(await open(providerAt(server.origin, 'prometheus')))).toMatchObject({ kind: 'error' })
    expect(server.seen).toEqual([])
  })

  it.each(['datadog', 'cloudwatch'] as const)('has no %s', async (kind) => {
    await expect(metricProviders(env, undefined)({ kind, settings: {} })).rejects.toMatchObject({
      code: 'POLICY_UNSUPPORTED',
    })
  })
})
