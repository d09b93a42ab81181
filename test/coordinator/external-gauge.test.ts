import { describe, expect, it } from 'vitest'
import type { MetricProvider, OpenMetricProvider, ProviderResult } from '../../src/contracts/metric-provider.ts'
import { ExternalGauge } from '../../src/coordinator/external-gauge.ts'
import { openMetric } from '../../src/core/evidence/metric-progress.ts'
import type { ExternalMetric } from '../../src/core/policy/policy.ts'
import type { Rollout } from '../../src/core/rollout/rollout.ts'
import { QueueCanaryError } from '../../src/errors.ts'
import { analysisOf, buildPolicy, ceilingMetric, externalMetric } from '../support/build-policy.ts'
import { buildRollout, counts } from '../support/build-rollout.ts'
import { manualClock } from '../support/manual-clock.ts'

type Answer = (result: ProviderResult) => void

/** Providers that answer when they are told to; `asked` is open questions and their answers. */
function setUp(metrics: readonly ExternalMetric[] = [externalMetric()], open?: OpenMetricProvider) {
  const clock = manualClock()
  const asked: { readonly values: object; readonly signal: AbortSignal; readonly answer: Answer }[] = []
  const logged: string[] = []
  const provider: MetricProvider = {
    measure: (values, signal) => new Promise((answer) => asked.push({ values, signal, answer })),
  }
  let opened = 0
  const source = {
    open: open ?? (async () => ((opened += 1), provider)),
    queue: 'orders',
    namespace: 'default',
  }
  const write = (level: string) => (fields: object, text: string) =>
    void logged.push(`${level} ${text} ${JSON.stringify(fields)}`)
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const gauge = new ExternalGauge({ source, asker: 's1', clock, log })
  const policy = buildPolicy({ analysis: analysisOf(metrics) })
  return { clock, asked, logged, gauge, policy, opened: () => opened, log }
}

/** A rollout whose metrics have been due since a while. */
function due(metrics: readonly ExternalMetric[], parts: Partial<Rollout> = {}): Rollout {
  const state = { ...openMetric({ counts: counts({}), durations: {} }), windowMs: 600_000 }
  const states = Object.fromEntries(metrics.map(({ name }) => [name, state]))
  return buildRollout({ phase: 'Progressing', stepElapsedMs: 600_000, metrics: states, ...parts })
}

const one = [externalMetric()]
const good: ProviderResult = { kind: 'value', value: 1 }

describe('ExternalGauge', () => {
  it('asks when a metric is due, never waits, and gives the answer with its age', async () => {
    const { clock, asked, gauge, policy } = setUp()
    expect(gauge.read(due(one), policy)).toEqual({})
    await clock.advance(300)
    expect(asked.map(({ values }) => values)).toEqual([
      { queue: 'orders', namespace: 'default', version: 'v2', rollout: 'r1' },
    ])
    asked[0]?.answer(good)
    await clock.advance(50)
    expect(gauge.read(due(one), policy)).toEqual({ logs: { id: 's1/1', result: good, ageMs: 350 } })
  })

  it('asks one question at a time, and none while its answer waits to be measured', async () => {
    const { clock, asked, gauge, policy, opened } = setUp()
    for (let look = 0; look < 20; look++) {
      gauge.read(due(one), policy)
      await clock.advance(50)
    }
    expect(asked).toHaveLength(1)
    asked[0]?.answer(good)
    await clock.advance(50)
    gauge.read(due(one), policy)
    await clock.advance(50)
    expect(asked).toHaveLength(1)
    const logs = { ...due(one).metrics['logs'], reading: 's1/1' } as Rollout['metrics'][string]
    gauge.read(due(one, { metrics: { logs } }), policy)
    await clock.advance(50)
    expect([asked.length, opened()]).toEqual([2, 1])
    asked[1]?.answer(good)
    await clock.advance(0)
    expect(gauge.read(due(one), policy)['logs']?.id).toBe('s1/2')
  })

  it('takes an answer that nobody measured for none after ten seconds, and asks again', async () => {
    const { clock, asked, gauge, policy } = setUp()
    gauge.read(due(one), policy)
    await clock.advance(0)
    asked[0]?.answer(good)
    await clock.advance(9_999)
    expect(gauge.read(due(one), policy)).toMatchObject({ logs: { ageMs: 9_999 } })
    await clock.advance(1)
    expect(gauge.read(due(one), policy)).toEqual({})
    await clock.advance(0)
    expect(asked).toHaveLength(2)
  })

  it('asks again for what was asked before the step began', async () => {
    const { clock, asked, gauge, policy } = setUp()
    gauge.read(due(one), policy)
    await clock.advance(500)
    asked[0]?.answer(good)
    await clock.advance(0)
    gauge.read(due(one, { stepElapsedMs: 499 }), policy)
    await clock.advance(0)
    expect(asked).toHaveLength(2)
  })

  it('asks for several metrics beside each other, and for no built-in one', async () => {
    const metrics = [externalMetric({ name: 'a' }), externalMetric({ name: 'b' })]
    const { clock, asked, gauge } = setUp(metrics)
    const policy = buildPolicy({ analysis: analysisOf([ceilingMetric(), ...metrics]) })
    gauge.read(due(metrics), policy)
    await clock.advance(0)
    expect(asked).toHaveLength(2)
    asked[1]?.answer(good)
    await clock.advance(0)
    expect(Object.keys(gauge.read(due(metrics), policy))).toEqual(['b'])
  })

  it.each([
    ['is not due', { metrics: {} }],
    ['belongs to a rollout that is held', { phase: 'Paused', hold: 'failure' }],
    ['belongs to a rollout that ends', { phase: 'RollingBack' }],
  ] as const)('does not ask for a metric that %s', async (_, parts) => {
    const { clock, asked, gauge, policy } = setUp()
    gauge.read(due(one, parts), policy)
    await clock.advance(0)
    expect(asked).toEqual([])
  })

  it('forgets the answers of another rollout, and gives its questions up', async () => {
    const { clock, asked, gauge, policy } = setUp()
    gauge.read(due(one), policy)
    await clock.advance(0)
    gauge.read(due(one, { id: 'r2' }), policy)
    await clock.advance(0)
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false])
    asked[0]?.answer(good)
    await clock.advance(0)
    expect(gauge.read(due(one, { id: 'r2' }), policy)).toEqual({})
    gauge.stop()
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true])
  })

  it.each<[string, OpenMetricProvider, string]>([
    [
      'cannot be opened',
      () => Promise.reject(new QueueCanaryError('ENVIRONMENT_INVALID', 'METRICS_TOKEN: expected a value')),
      'METRICS_TOKEN: expected a value',
    ],
    ['breaks while it is opened', () => Promise.reject(new Error('hunter2')), 'the provider failed unexpectedly'],
    [
      'breaks its promise',
      async () => ({ measure: () => Promise.reject(new Error('hunter2')) }),
      'the provider failed unexpectedly',
    ],
  ])('finds an error in a provider that %s, and says no more than it should', async (_, open, why) => {
    const { clock, gauge, policy, logged } = setUp(one, open)
    gauge.read(due(one), policy)
    await clock.advance(0)
    expect(gauge.read(due(one), policy)['logs']?.result).toEqual({ kind: 'error', why })
    expect(logged.join()).not.toContain('hunter2')
  })

  it('finds an error where nobody can be asked', async () => {
    const { clock, policy, log } = setUp()
    const gauge = new ExternalGauge({ source: undefined, asker: 's1', clock, log })
    gauge.read(due(one), policy)
    await clock.advance(0)
    expect(gauge.read(due(one), policy)['logs']?.result).toMatchObject({ kind: 'error' })
  })

  it('does not wait for ever for a provider that does not keep its deadline', async () => {
    const { clock, asked, gauge, policy } = setUp()
    gauge.read(due(one), policy)
    await clock.advance(90_000)
    expect(gauge.read(due(one), policy)).toMatchObject({
      logs: { result: { kind: 'error', why: 'the provider did not end in time' } },
    })
    expect([asked.length, clock.sleeping]).toEqual([1, 0])
  })

  it('says nothing of a question that was given up', async () => {
    const { clock, asked, gauge, policy, logged } = setUp()
    gauge.read(due(one), policy)
    await clock.advance(0)
    gauge.stop()
    asked[0]?.answer({ kind: 'error', why: 'aborted' })
    await clock.advance(0)
    expect([logged, gauge.read(due(one, { metrics: {} }), policy)]).toEqual([[], {}])
  })

  it('logs trouble when it begins and when it is over', async () => {
    const { clock, asked, gauge, policy, logged } = setUp()
    const results: readonly ProviderResult[] = [
      good,
      { kind: 'error', why: 'away' },
      { kind: 'error', why: 'away' },
      good,
    ]
    for (const [index, result] of results.entries()) {
      const logs = { ...due(one).metrics['logs'], reading: `s1/${index}` } as Rollout['metrics'][string]
      gauge.read(due(one, { metrics: { logs } }), policy)
      await clock.advance(0)
      asked[index]?.answer(result)
      await clock.advance(0)
    }
    expect(logged).toEqual([
      'warn a metric cannot be measured {"metric":"logs","error":"away"}',
      'info the metric can be measured again {"metric":"logs"}',
    ])
  })
})
