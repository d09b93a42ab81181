import { describe, expect, it } from 'vitest'
import type { Rollout } from '../../src/core/rollout/rollout.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import { counts, input, policyFrom, report, rollout, state } from './fixtures.ts'

const origin = { stable: counts({}), canary: counts({}) }

function entryOf(some: Partial<Rollout>, metric: object = {}, isPartial = false) {
  const policy = policyFrom({ analysis: { metrics: [{ name: 'novel-errors', failureLimit: 2, ...metric }] } })
  const reports = [
    report({ version: 'v1', errors: { Timeout: 4 } }),
    report({ version: 'v2', errors: { Timeout: 3, 'TypeError ENULL': 2 }, counts: counts({ taken: 9, failed: 9 }) }),
    report({ version: 'v2', id: 'other', errors: { RangeError: 5, 'TypeError ENULL': 1 }, state: 'gone' }),
  ]
  const judged = { phase: 'Progressing', origin, errorsBefore: { RangeError: 5 }, ...some } as const
  const { analysis } = statusOf(input({ policy, reports, isPartial, state: state({ rollout: rollout(judged) }) }))
  return analysis.find((entry) => entry.metric === 'novel-errors')
}

describe('novel-errors in the status', () => {
  it('counts what the stable version never raised, over all consumers, since the judging began', () => {
    expect(entryOf({})).toEqual({
      metric: 'novel-errors',
      verdict: 'failed',
      value: 3,
      statistic: null,
      pValue: null,
      bound: 2,
      n: 9,
      stable: { n: 0, failed: 0 },
      canary: { n: 9, failed: 9 },
      why: '3 messages failed with what the stable version never raised (TypeError ENULL), limit 2',
    })
  })

  it.each([
    ['within the limit', {}, { failureLimit: 3 }, 'successful', 3, 'limit 3'],
    ['in a dry run', {}, { dryRun: true }, 'failed', 3, '(dry run: shown only)'],
    ['before the first look', { errorsBefore: undefined }, {}, 'inconclusive', null, 'nothing was judged yet'],
    ['after the promotion', { phase: 'Succeeded' }, {}, 'inconclusive', null, 'not counted any more'],
  ] as const)('tells them %s', (...[, some, metric, verdict, value, why]) => {
    expect(entryOf(some, metric)).toMatchObject({ verdict, value, why: expect.stringContaining(why) })
  })

  it('are not counted from the reports of one process, which know neither all errors nor whose they are', () => {
    expect(entryOf({}, {}, true)).toMatchObject({ verdict: 'inconclusive', value: null })
    const why = 'novel-errors: 3 messages failed'
    expect(entryOf({ phase: 'Paused', hold: 'failure', why }, {}, true)?.verdict).toBe('failed')
    expect(entryOf({ phase: 'RollingBack', why }, {}, true)?.verdict).toBe('failed')
  })

  it('keeps the verdict that took the canary back', () => {
    const entry = { at: '', elapsedMs: 0, step: 0, numbers: {} }
    const history = (why: string) => [
      { ...entry, phase: 'RollingBack' as const, why },
      { ...entry, phase: 'RolledBack' as const, why: 'drained' },
    ]
    expect(entryOf({ phase: 'RolledBack', history: history('novel-errors: 3 messages failed') })).toMatchObject({
      verdict: 'failed',
      why: '3 messages failed',
    })
    expect(entryOf({ phase: 'RolledBack', history: history('the budget is spent') })?.verdict).toBe('inconclusive')
  })
})
