import { describe, expect, it } from 'vitest'
import { bucketOf } from '../../../src/core/evidence/histogram.ts'
import { durationBounds, durationBuckets } from '../../../src/status/metrics/duration-buckets.ts'
import { metricsText, roleOf } from '../../../src/status/metrics/metrics-text.ts'
import type { MetricsInput } from '../../../src/status/metrics/metrics-text.ts'
import { statusOf } from '../../../src/status/snapshot.ts'
import { input, report, rollout, secondStep, state } from '../fixtures.ts'

const stepped = secondStep()
const inStep = statusOf(stepped)

async function linesOf(some: Partial<MetricsInput> & Pick<MetricsInput, 'queues'>): Promise<readonly string[]> {
  const { contentType, text } = await metricsText({ ready: true, storeUp: true, ...some })
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  return text.split('\n')
}

const orders = { queue: 'orders', reports: stepped.reports, ended: undefined, status: inStep, isCurrent: true } as const

describe('metricsText', () => {
  it('tells what the process counts, by version and role', async () => {
    const lines = await linesOf({ queues: [orders] })
    expect(lines).toEqual(
      expect.arrayContaining([
        '# TYPE queue_canary_messages_total counter',
        'queue_canary_messages_total{queue="orders",version="v1",role="stable",outcome="deadLettered"} 1',
        'queue_canary_messages_total{queue="orders",version="v2",role="canary",outcome="succeeded"} 107',
        'queue_canary_messages_total{queue="orders",version="v2",role="canary",outcome="timedOut"} 1',
        'queue_canary_messages_taken_total{queue="orders",version="v2",role="canary"} 110',
        'queue_canary_in_flight{queue="orders",version="v1",role="stable"} 8',
        'queue_canary_capacity{queue="orders",version="v1",role="stable"} 10',
        'queue_canary_stuck{queue="orders",version="v1",role="stable"} 0',
        'queue_canary_event_loop_delay_seconds{queue="orders",version="v1",role="stable"} 0.001',
        'queue_canary_consumer_state{queue="orders",version="v1",role="stable",state="ready"} 1',
        'queue_canary_consumer_state{queue="orders",version="v1",role="stable",state="gone"} 0',
        'queue_canary_link_state{queue="orders",version="v1",role="stable",state="consuming"} 1',
        'queue_canary_ready 1',
        'queue_canary_store_up 1',
      ]),
    )
    expect(lines.filter((line) => line.includes('outcome="taken"'))).toEqual([])
  })

  it('tells durations as a histogram', async () => {
    const lines = await linesOf({ queues: [orders] })
    const of = (part: string) => lines.filter((line) => line.startsWith(`queue_canary_handler_duration_seconds${part}`))
    expect(lines).toContain('# TYPE queue_canary_handler_duration_seconds histogram')
    expect(of('_bucket{queue="orders",version="v2"')).toHaveLength(durationBounds.length + 1)
    expect(of('_bucket')).toEqual(
      expect.arrayContaining([
        'queue_canary_handler_duration_seconds_bucket{queue="orders",version="v2",role="canary",le="0.0025"} 0',
        'queue_canary_handler_duration_seconds_bucket{queue="orders",version="v2",role="canary",le="0.005"} 107',
        'queue_canary_handler_duration_seconds_bucket{queue="orders",version="v2",role="canary",le="+Inf"} 107',
      ]),
    )
    expect(of('_count{queue="orders",version="v2"')).toEqual([
      'queue_canary_handler_duration_seconds_count{queue="orders",version="v2",role="canary"} 107',
    ])
    expect(Number(of('_sum{queue="orders",version="v2"')[0]?.split(' ').at(-1))).toBeCloseTo(107 * 0.00488, 2)
  })

  it('tells the rollout', async () => {
    const lines = await linesOf({ queues: [orders] })
    expect(lines).toEqual(
      expect.arrayContaining([
        'queue_canary_rollout_phase{queue="orders",phase="Progressing"} 1',
        'queue_canary_rollout_phase{queue="orders",phase="RolledBack"} 0',
        'queue_canary_rollout_info{queue="orders",stable="v1",canary="v2"} 1',
        'queue_canary_rollout_harmed_messages{queue="orders"} 3',
        'queue_canary_rollout_step{queue="orders"} 1',
        'queue_canary_rollout_steps{queue="orders"} 4',
        'queue_canary_weight_percent{queue="orders",kind="target"} 10',
        'queue_canary_weight_percent{queue="orders",kind="measured"} 10',
        'queue_canary_verdict{queue="orders",metric="failure-ceiling",verdict="successful"} 1',
        'queue_canary_verdict{queue="orders",metric="failure-ceiling",verdict="failed"} 0',
        'queue_canary_metric_value{queue="orders",metric="failure-ceiling"} 0.027',
        'queue_canary_coordinates{queue="orders"} 0',
      ]),
    )
    expect(lines.filter((line) => line.startsWith('queue_canary_rollout_phase{'))).toHaveLength(9)
  })

  it('of a store that does not answer leaves the rollout out, and keeps roles', async () => {
    const lines = await linesOf({ storeUp: false, queues: [{ ...orders, isCurrent: false }] })
    expect(lines).toContain('queue_canary_store_up 0')
    expect(lines).toContain('queue_canary_in_flight{queue="orders",version="v2",role="canary"} 4')
    expect(lines.filter((line) => /^queue_canary_(?:rollout|weight|verdict|metric|coord)[^#]*\{/.test(line))).toEqual(
      [],
    )
  })

  it('before the store has told anything does not know roles', async () => {
    const lines = await linesOf({
      ready: false,
      storeUp: false,
      queues: [{ ...orders, status: undefined, isCurrent: false }],
    })
    expect(lines).toContain('queue_canary_in_flight{queue="orders",version="v2",role="unknown"} 4')
    expect(lines).toContain('queue_canary_ready 0')
  })

  it('without a rollout has no phase and no step', async () => {
    const status = statusOf(input({}))
    const lines = await linesOf({ queues: [{ ...orders, status }] })
    expect(lines.filter((line) => /^queue_canary_(?:rollout|weight|verdict)[^#]*\{/.test(line))).toEqual([])
    expect(lines).toContain('queue_canary_coordinates{queue="orders"} 0')
  })

  it('tells a drain', async () => {
    const drain = { finished: 3, returned: 2, abandoned: 1, durationMs: 1_500, onTime: true }
    const lines = await linesOf({ queues: [{ ...orders, reports: [report({ version: 'v1', drain })] }] })
    expect(lines).toEqual(
      expect.arrayContaining([
        'queue_canary_drain_messages{queue="orders",version="v1",role="stable",result="abandoned"} 1',
        'queue_canary_drain_duration_seconds{queue="orders",version="v1",role="stable"} 1.5',
      ]),
    )
  })

  it('keeps names that would break the format in their place', async () => {
    const name = 'a"b\\c\nd{}'
    const status = statusOf(input({ queue: name }))
    const lines = await linesOf({ queues: [{ ...orders, queue: name, status }] })
    expect(lines).toContain(String.raw`queue_canary_in_flight{queue="a\"b\\c\nd{}",version="v1",role="stable"} 8`)
  })

  it('has no state of its own: two scrapes are the same', async () => {
    expect(await linesOf({ queues: [orders] })).toEqual(await linesOf({ queues: [orders] }))
  })
})

describe('roleOf', () => {
  const draining = statusOf(input({ state: state({ stable: 'v2', rollout: rollout({ phase: 'Draining' }) }) }))
  const over = statusOf(input({ state: state({ stable: 'v2', rollout: rollout({ phase: 'Succeeded' }) }) }))
  it.each([
    ['v1', inStep, 'stable'],
    ['v2', inStep, 'canary'],
    ['v3', inStep, 'idle'],
    ['v1', draining, 'stable'],
    ['v2', draining, 'canary'],
    ['v1', over, 'idle'],
    ['v2', over, 'stable'],
    ['v1', statusOf(input({})), 'stable'],
    ['v2', statusOf(input({})), 'idle'],
    ['v1', undefined, 'unknown'],
  ] as const)('of %s (case %#)', (version, status, role) => {
    expect(roleOf(version, status)).toBe(role)
  })
})

describe('durationBuckets', () => {
  it('is empty without durations', () => {
    expect(durationBuckets({})).toEqual({ counts: durationBounds.map(() => 0), count: 0, sum: 0 })
  })

  it.each([1, 3, 7, 49, 480, 1_700, 9_000, 55_000])('counts %d ms within 2.5 %% of where it lies', (ms) => {
    const { counts: cumulative, count, sum } = durationBuckets({ [bucketOf(ms)]: 5 })
    const seconds = ms / 1_000
    const at = (bound: number) => cumulative[durationBounds.findIndex((each) => each === bound)]
    expect(durationBounds.filter((bound) => bound < seconds * 0.97 && at(bound) !== 0)).toEqual([])
    expect(durationBounds.filter((bound) => bound > seconds * 1.03 && at(bound) !== 5)).toEqual([])
    expect(count).toBe(5)
    expect(Math.abs(sum / (5 * Math.max(seconds, 0.001)) - 1)).toBeLessThan(0.026)
  })

  it('counts what is longer than the last bound for +Inf alone', () => {
    expect(durationBuckets({ [bucketOf(90_000)]: 2, 400: 1 })).toMatchObject({
      counts: durationBounds.map(() => 0),
      count: 3,
    })
  })
})
