import { describe, expect, it } from 'vitest'
import { isWithin, measureCeiling } from '../../../src/core/evidence/ceiling.ts'
import type { Sample } from '../../../src/core/evidence/ceiling.ts'
import { noCounts } from '../../../src/core/evidence/counts.ts'
import { bucketOf } from '../../../src/core/evidence/histogram.ts'
import type { Verdict } from '../../../src/core/evidence/metric-state.ts'
import { measures } from '../../../src/core/policy/policy.ts'
import type { Measure } from '../../../src/core/policy/policy.ts'
import { ceilingMetric } from '../../support/build-policy.ts'
import { counts } from '../../support/build-rollout.ts'

const nothing: Sample = {
  counts: noCounts,
  durations: {},
  backlog: undefined,
  oldestAgeMs: undefined,
  eventLoopDelayMs: undefined,
}
const slow = (ms: number, n: number) => ({ durations: { [bucketOf(ms)]: n } })
const outcomes = (succeeded: number, failed: number, timedOut = 0) => ({
  counts: counts({ succeeded, failed, timedOut }),
})

function measured(
  measure: Measure,
  sample: Partial<Sample>,
  threshold: { min?: number; max?: number } = { max: 0.05 },
) {
  const { min, max } = threshold
  return measureCeiling(ceilingMetric({ measure, threshold: { min, max } }), { ...nothing, ...sample })
}

type Case = [string, Measure, Partial<Sample>, { min?: number; max?: number }, Verdict]

describe('measureCeiling', () => {
  it.each<Case>([
    ['5 of 100 at 5 %', 'failureRate', outcomes(95, 5), { max: 0.05 }, 'successful'],
    ['6 of 100 at 5 %', 'failureRate', outcomes(94, 6), { max: 0.05 }, 'failed'],
    ['timeouts as failures', 'failureRate', outcomes(90, 5, 5), { max: 0.05 }, 'failed'],
    ['a single failure of few', 'failureRate', outcomes(9, 1), { max: 0.05 }, 'inconclusive'],
    ['a single failure and nothing else', 'failureRate', outcomes(0, 1), { max: 0.05 }, 'inconclusive'],
    ['two failures of few', 'failureRate', outcomes(8, 2), { max: 0.05 }, 'failed'],
    ['a single failure where none is allowed', 'failureRate', outcomes(9, 1), { max: 0 }, 'failed'],
    ['none where none is allowed', 'failureRate', outcomes(9, 0), { max: 0 }, 'successful'],
    ['fewer than wanted', 'failureRate', outcomes(99, 1), { min: 0.5 }, 'failed'],
    ['timeouts only', 'timeouts', outcomes(90, 10, 0), { max: 0.05 }, 'successful'],
    ['too many timeouts', 'timeouts', outcomes(80, 0, 20), { max: 0.05 }, 'failed'],
    ['a fast median', 'p50', slow(100, 9), { max: 200 }, 'successful'],
    ['a slow median', 'p50', slow(300, 9), { max: 200 }, 'failed'],
    ['a slow tail', 'p99', { durations: { [bucketOf(10)]: 98, [bucketOf(900)]: 2 } }, { max: 200 }, 'failed'],
    [
      'a slow tail beyond the rank',
      'p95',
      { durations: { [bucketOf(10)]: 98, [bucketOf(900)]: 2 } },
      { max: 200 },
      'successful',
    ],
    ['dead letters at the bound', 'deadLetters', { counts: counts({ deadLettered: 3 }) }, { max: 3 }, 'successful'],
    ['dead letters beyond it', 'deadLetters', { counts: counts({ deadLettered: 4 }) }, { max: 3 }, 'failed'],
    ['a short backlog', 'backlog', { backlog: 10 }, { max: 10 }, 'successful'],
    ['a long backlog', 'backlog', { backlog: 11 }, { max: 10 }, 'failed'],
    ['an old message', 'oldestAge', { oldestAgeMs: 60_001 }, { max: 60_000 }, 'failed'],
    ['a busy event loop', 'eventLoopDelay', { eventLoopDelayMs: 120 }, { max: 100 }, 'failed'],
  ])('judges %s', (...[, measure, sample, threshold, verdict]) => {
    expect(measured(measure, sample, threshold).verdict).toBe(verdict)
  })

  it.each(['failureRate', 'timeouts', 'p50', 'p95', 'p99'] as const)(
    'finds %s inconclusive without messages',
    (measure) => {
      expect(measured(measure, {})).toMatchObject({ verdict: 'inconclusive', value: undefined, n: 0 })
    },
  )

  it.each(['backlog', 'oldestAge', 'eventLoopDelay'] as const)(
    'finds %s an error where it cannot be read',
    (measure) => {
      expect(measured(measure, {}).verdict).toBe('error')
      for (const unreadable of [NaN, Infinity, -Infinity]) {
        const sample = { backlog: unreadable, oldestAgeMs: unreadable, eventLoopDelayMs: unreadable }
        expect(measured(measure, sample, { max: 1e9 })).toMatchObject({ verdict: 'error', value: undefined })
      }
    },
  )

  it.each(measures.filter((measure) => measure !== 'deadLetters'))('never lets missing data of %s pass', (measure) => {
    expect(measured(measure, {}, { min: 0, max: Number.MAX_VALUE }).verdict).not.toBe('successful')
  })

  it('says what it saw and what it compared with', () => {
    expect(measured('failureRate', outcomes(94, 6)).why).toBe('failureRate 6 % of n=100 is outside max 5 %')
    expect(measured('p99', slow(300, 4), { max: 200 }).why).toBe('p99 294 ms of n=4 is outside max 200 ms')
    expect(measured('backlog', { backlog: 3 }, { min: 1, max: 5 }).why).toBe('backlog 3 is within 1 to 5')
    expect(measured('eventLoopDelay', { eventLoopDelayMs: 2.5 }, { min: 3 }).why).toBe(
      'eventLoopDelay 2.5 ms is outside min 3 ms',
    )
  })
})

describe('isWithin', () => {
  it.each([
    [0, undefined, undefined, true],
    [5, 5, 5, true],
    [4.99, 5, undefined, false],
    [5.01, undefined, 5, false],
    [NaN, undefined, undefined, false],
    [Infinity, 0, undefined, true],
    [Infinity, undefined, 10, false],
  ])('finds %s in %s to %s: %s', (value, min, max, expected) => {
    expect(isWithin(value, { min, max })).toBe(expected)
  })
})
