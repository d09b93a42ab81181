import { describe, expect, it } from 'vitest'
import { noCounts } from '../../../src/core/evidence/counts.ts'
import { bookMeasurement, judgeMetric, letsPass, openMetric } from '../../../src/core/evidence/metric-progress.ts'
import type { MetricState, Verdict } from '../../../src/core/evidence/metric-state.ts'
import { ceilingMetric } from '../../support/build-policy.ts'
import { counts } from '../../support/build-rollout.ts'

const later = { counts: counts({ succeeded: 9 }), durations: { 3: 9 } }

function after(...seen: readonly Verdict[]): MetricState {
  const measurements = seen.map((verdict) => ({ verdict, value: 1, n: 1, why: `it was ${verdict}` }))
  return measurements.reduce<MetricState>(
    (state, measurement) => bookMeasurement({ ...state, windowMs: 100 }, measurement, later),
    openMetric({ counts: noCounts, durations: {} }),
  )
}

describe('bookMeasurement', () => {
  it.each([
    ['successful', true],
    ['failed', true],
    ['inconclusive', false],
    ['error', false],
  ] as const)('closes the window after %s: %s', (verdict, closes) => {
    const { windowCounts, windowDurations, windowMs } = after(verdict)
    expect({ windowCounts, windowDurations }).toEqual({
      windowCounts: closes ? later.counts : noCounts,
      windowDurations: closes ? later.durations : {},
    })
    expect(windowMs).toBe(0)
  })

  it('counts failures and inconclusives in all, errors in a row', () => {
    const state = after('failed', 'error', 'error', 'inconclusive', 'failed', 'error')
    expect(state).toMatchObject({ failed: 2, inconclusive: 1, consecutiveErrors: 1, inStep: 6 })
    expect(state.last?.verdict).toBe('error')
  })
})

describe('judgeMetric', () => {
  const limits = ceilingMetric({ failureLimit: 1, inconclusiveLimit: 1, consecutiveErrorLimit: 1 })

  it.each([
    ['nothing measured', [], 'holds'],
    ['as many failures as the limit', ['failed'], 'holds'],
    ['one more', ['failed', 'successful', 'failed'], 'failed'],
    ['as many errors in a row as the limit', ['error', 'successful', 'error'], 'holds'],
    ['one more in a row', ['error', 'error'], 'failed'],
    ['as many inconclusives as the limit', ['inconclusive'], 'holds'],
    ['one more inconclusive', ['inconclusive', 'successful', 'inconclusive'], 'inconclusive'],
    ['both: the failure weighs more', ['inconclusive', 'inconclusive', 'failed', 'failed'], 'failed'],
  ] as const)('of %s', (_, seen, kind) => {
    expect(judgeMetric(limits, after(...seen)).kind).toBe(kind)
  })

  it('fails on the first with a limit of 0, is patient with inconclusives without a limit, and never acts on a dry run', () => {
    expect(judgeMetric(ceilingMetric({ failureLimit: 0 }), after('failed')).kind).toBe('failed')
    const inconclusive = after(...Array.from({ length: 50 }, () => 'inconclusive' as const))
    expect(judgeMetric(ceilingMetric(), inconclusive).kind).toBe('holds')
    expect(judgeMetric(ceilingMetric({ dryRun: true }), after('failed', 'failed')).kind).toBe('holds')
  })

  it('says the limit', () => {
    expect(judgeMetric(ceilingMetric(), after('failed'))).toMatchObject({
      why: 'failure-rate: it was failed (1 failed measurements, limit 0)',
    })
  })
})

describe('letsPass', () => {
  it.each([
    ['without a state', undefined, false],
    ['without a measurement', after(), false],
    ['after a success', after('successful'), true],
    ['after a success that came before an error', after('successful', 'error'), false],
    ['after a success that came before nothing new', after('successful', 'inconclusive'), false],
    ['after a failure within the limit', after('failed'), false],
    ['with a success of an earlier step', { ...after('successful'), inStep: 0 }, false],
  ])('%s: %s', (_, state, expected) => {
    expect(letsPass(ceilingMetric(), state)).toBe(expected)
  })

  it('always, for a dry run', () => {
    expect(letsPass(ceilingMetric({ dryRun: true }), undefined)).toBe(true)
  })
})
