import { beforeAll, describe, expect, it } from 'vitest'
import { prometheusMetrics } from '../../adapters/metrics/prometheus/index.ts'
import type { ProviderResult } from '../../src/contracts/metric-provider.ts'
import { eventually } from '../support/eventually.ts'
import { lost } from '../support/ledger-check.ts'
import { startPrometheus } from '../support/prometheus-start.ts'
import type { StartedPrometheus } from '../support/prometheus-start.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'

let prometheus: StartedPrometheus

beforeAll(async () => {
  prometheus = await startPrometheus(process.env)
  console.log(`Prometheus at ${prometheus.url} (${prometheus.kind})`)
  return prometheus.stop
})

function ask(query: string, version = 'v1'): Promise<ProviderResult> {
  const provider = prometheusMetrics({ address: prometheus.url, query })
  const values = { queue: 'orders', namespace: 'default', rollout: 'r1', version }
  return provider.measure(values, new AbortController().signal)
}

describe('a real Prometheus', () => {
  const open = useStage()

  it('reads what a worker tells, and the provider reads Prometheus', async () => {
    const stage = await open({ type: 'classic' })
    await stage.worker('v1', { env: { QUEUE_CANARY_HTTP: prometheus.target }, handler: { delayMs: 3 } })
    await stage.publisher.backlog(200)
    await everythingHandled(stage)
    const of = (name: string, more = '') => `sum(${name}{queue="{{queue}}",version="{{ version }}"${more}})`
    const handled = { kind: 'value', value: 200 }
    await eventually(
      async () =>
        expect(await ask(of('queue_canary_messages_total', ',role="stable",outcome="succeeded"'))).toEqual(handled),
      { what: 'a scrape of 200 messages', deadlineMs: 20_000 },
    )
    expect(await ask(of('queue_canary_handler_duration_seconds_count'))).toEqual(handled)
    expect(await ask(of('queue_canary_handler_duration_seconds_bucket', ',le="+Inf"'))).toEqual(handled)
    const p90 = await ask(
      `histogram_quantile(0.9, ${of('queue_canary_handler_duration_seconds_bucket').replace('sum(', 'sum by (le) (')})`,
    )
    expect(p90).toMatchObject({ kind: 'value' })
    expect(p90).toSatisfy((found: { value: number }) => found.value > 0.001 && found.value < 1)
    expect(await ask('up{job="queue-canary"}')).toMatchObject(
      prometheus.kind === 'url' ? {} : { kind: 'value', value: 1 },
    )
    expect(await ask('queue_canary_store_up + queue_canary_ready')).toEqual({ kind: 'value', value: 2 })
  })

  it.each<[string, string, ProviderResult['kind'], RegExp]>([
    ['a scalar', 'scalar(vector(3))', 'value', /3/],
    ['no series', 'no_such_metric{version="{{version}}"}', 'noData', /no series/],
    ['nothing by nothing', 'vector(0) / vector(0)', 'noData', /NaN/],
    ['something by nothing', 'vector(1) / vector(0)', 'error', /no finite number/],
    ['several series', 'vector(1) or label_replace(vector(2), "a", "b", "", "")', 'error', /2 series/],
    ['a range', 'vector(1)[1m:1s]', 'error', /instant query/],
    ['text', '"text"', 'error', /instant query/],
    ['no PromQL', 'sum(', 'error', /HTTP 400 \(bad_data\)/],
  ])('answers %s as the provider expects it', async (_, query, kind, says) => {
    const result = await ask(query)
    expect(result.kind).toBe(kind)
    expect(JSON.stringify(result)).toMatch(says)
  })

  it('takes a version for a version, whatever it is called', async () => {
    const odd = ['"', '"} or vector(1) #', '\\', 'a\nb', 'ü\u{1f426}', "'`{{queue}}"]
    const found = await Promise.all(odd.map((version) => ask('no_such_metric{version="{{version}}"}', version)))
    expect(found.map(({ kind }) => kind)).toEqual(odd.map(() => 'noData'))
    const kept = odd.map((version) => ask('count(label_replace(vector(1), "a", "{{version}}", "", ""))', version))
    expect((await Promise.all(kept)).map(({ kind }) => kind)).toEqual(odd.map(() => 'value'))
  })

  it('takes a release back by what it has scraped from the canary', async () => {
    const stage = await open({ type: 'quorum' })
    await stage.worker('v1', { handler: { delayMs: 5 } })
    await stage.worker('v2', {
      handler: { delayMs: 5, failRate: 0.3 },
      env: { QUEUE_CANARY_HTTP: prometheus.target },
    })
    const failures = (more: string) =>
      `sum(queue_canary_messages_total{queue="{{queue}}",version="{{version}}"${more}})`
    const metric = {
      name: 'scraped-failures',
      provider: {
        prometheus: {
          address: prometheus.url,
          query: `${failures(',outcome="failed"')} / ${failures(',outcome=~"succeeded|failed"')}`,
          timeout: '2s',
        },
      },
      interval: '1s',
      thresholdRange: { max: 0.1 },
      failureLimit: 1,
    }
    const policy = {
      steps: [{ weight: '30%', duration: '1m' }],
      limits: { maxFailedMessages: 100_000 },
      analysis: { metrics: [metric] },
      progressDeadline: '2m',
    }
    const stream = stage.publisher.stream(200)
    const rollout = stage.start('v2', policy, '--timeout', '50s')
    await rollout.exitsWith(3, 60_000)
    await stream.stop()
    await everythingHandled(stage)
    expect(lost(stage.publisher.confirmed, stage.ledger())).toEqual([])
    const status = await stage.status()
    expect(status).toMatchObject({ phase: 'RolledBack', current: 'v1' })
    const judged = status.history.find(({ phase }) => phase === 'RollingBack')
    expect(judged?.why).toMatch(
      /^scraped-failures: scraped-failures 0\.\d+ is outside max 0\.1 \(2 failed measurements, limit 1\)$/,
    )
    expect(status.analysis.find(({ metric: name }) => name === 'scraped-failures')).toMatchObject({
      verdict: 'failed',
      n: 0,
    })
  })
})
