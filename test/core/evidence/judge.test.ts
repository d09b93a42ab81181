import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CohortLook } from '../../../src/core/evidence/cohort-look.ts'
import { noDurations, windowOf } from '../../../src/core/evidence/duration-window.ts'
import { evidenceOf, suspicionOf } from '../../../src/core/evidence/judge-evidence.ts'
import { judgeOptionsOf } from '../../../src/core/evidence/judge-options.ts'
import { noHistory, observeLook, openJudge } from '../../../src/core/evidence/judge-state.ts'
import type { JudgeState } from '../../../src/core/evidence/judge-state.ts'
import { batchLength } from '../../../src/core/evidence/promotion-judge.ts'
import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import { lookOf } from './build-cohort.ts'
import { everyTest, judgeOptions } from './judge-options.ts'

const options = judgeOptions()

function judge(looks: readonly CohortLook[], withOptions = options, start = openJudge(withOptions)): JudgeState {
  return looks.reduce((state, look) => observeLook(state, look, withOptions), start)
}

const good = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => lookOf(from + index, [5, 0], [95, index % 2]))
const bad = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => lookOf(from + index, [5, 2], [95, 1]))

describe('a judge', () => {
  it('begins with no evidence of anything', () => {
    expect(evidenceOf(openJudge(everyTest), everyTest)).toMatchObject({
      combined: expect.closeTo(1, 12),
      pValue: 1,
      needed: 100,
      rollback: false,
      suspicious: false,
      promotion: 1,
      proven: false,
      excessBound: 1,
      canaryRate: undefined,
      stableRate: undefined,
      messagesToPromote: undefined,
    })
  })

  it('takes back a bad canary, and stays with it', () => {
    const state = judge(bad(4))
    expect(evidenceOf(state, options)).toMatchObject({ rollback: true, suspicious: true, proven: false })
    const after = judge(good(3_000, 4), options, state)
    expect(evidenceOf(after, options).combined).toBeLessThan(1)
    expect(evidenceOf(after, options)).toMatchObject({ rollback: true, suspicious: false })
    expect(evidenceOf(after, options).pValue).toBeLessThan(0.01)
  })

  it('becomes suspicious before it takes a canary back', () => {
    const slightly = (number: number) => lookOf(number, [5, 1], [95, 1])
    const looks = [0, 1, 2, 3, 4].map(slightly)
    const found = [1, 3, 5].map((count) => evidenceOf(judge(looks.slice(0, count)), options))
    expect(found.map(({ suspicious, rollback }) => [suspicious, rollback])).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ])
  })

  it('proves a good canary, and says how far it is', () => {
    const early = evidenceOf(judge(good(40)), options)
    const late = evidenceOf(judge(good(400)), options)
    expect(early).toMatchObject({ proven: false, canary: { messages: 200, failed: 0 }, canaryRate: 0 })
    expect(early.messagesToPromote).toBeGreaterThan(100)
    expect(early.messagesToPromote).toBeLessThan(1_600)
    expect(late).toMatchObject({ proven: true, messagesToPromote: 0, rollback: false })
    expect(late.excessBound).toBeLessThan(0.01)
    expect(late.stableRate).toBeCloseTo(200 / 38_000, 12)
    expect(late.baselineRate).toBeCloseTo(0.00525, 3)
  })

  it('measures the margin on the baseline at the start', () => {
    const history = { ...noHistory, stable: { messages: 9_950, failed: 999 } }
    expect(evidenceOf(openJudge(options, history), options).margin).toBeCloseTo(0.005 + 0.5 * (999.5 / 10_000.5), 12)
    const later = judge(good(100), options, openJudge(options, history))
    expect(evidenceOf(later, options).margin).toBe(evidenceOf(openJudge(options, history), options).margin)
  })

  it('halves its level with each loss of the evidence', () => {
    const again = (losses: number) => evidenceOf({ ...openJudge(options), losses }, options).needed
    expect([again(0), again(1), again(3)]).toEqual([100, 200, 800])
  })

  it('shows nothing without stable traffic, unless there is a ceiling', () => {
    const alone = Array.from({ length: 10 }, (_, index) => lookOf(index, [5, 4], [0, 0]))
    const withCeiling = judgeOptions({ ceiling: { rate: 0.2, weight: 0.3 } })
    expect(evidenceOf(judge(alone), options).combined).toBeCloseTo(1, 12)
    expect(evidenceOf(judge(alone, withCeiling), withCeiling).rollback).toBe(true)
  })

  it('learns the baseline without canary messages, and nothing else', () => {
    const idle = Array.from({ length: 50 }, (_, index) => lookOf(index, [0, 0], [100, 10], { target: 0 }))
    const state = judge(idle)
    expect(evidenceOf(state, options)).toMatchObject({ combined: expect.closeTo(1, 12), excessBound: 1 })
    expect(state.rollback).toEqual(openJudge(options).rollback)
    expect(evidenceOf(state, options).baselineRate).toBeCloseTo(0.1, 2)
    const begun = judge(bad(1))
    expect(judge(idle.slice(1), options, begun).rollback).toEqual(begun.rollback)
  })

  it('judges promotion a few looks at a time, never across a change of the share', () => {
    const steps = [0.05, 0.05, 0.05, 0.25, 0.25, 0.25, 0.25, 0.25]
    const proofs: (number | undefined)[] = []
    let state = openJudge(options)
    for (const [index, target] of steps.entries()) {
      state = observeLook(state, lookOf(index, [5, 0], [95, 1], { target }), options)
      proofs.push(state.promotion?.promotion[0])
    }
    expect(batchLength).toBe(4)
    expect(proofs.map((proof, index) => proof !== (proofs[index - 1] ?? 0))).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      true,
      false,
    ])
  })

  it('divides counts by the clusters that it saw before', () => {
    const clustered = (number: number) =>
      lookOf(number, [5, 0], [95, 1], { dispersion: { observed: 60, expected: 10 } })
    const state = judge(Array.from({ length: 20 }, (_, number) => clustered(number)))
    const burst = lookOf(20, [10, 7], [90, 1])
    const guarded = evidenceOf(observeLook(state, burst, options), options).failures
    const plain = evidenceOf(judge([burst], options, judge(good(20))), options).failures
    expect(guarded).toBeLessThan(10)
    expect(plain).toBeGreaterThan(100)
  })

  it('weighs failures and latency inside one level', () => {
    const both = judgeOptions({ latency: { shift: 0, weight: 0.3 } })
    const durations = (number: number, slower: number) => ({
      durations: {
        canary: windowOf({ [60 + slower]: 5 }),
        stable: windowOf({ [50 + (number % 21)]: 95 }),
      },
    })
    const slow = Array.from({ length: 20 }, (_, index) => lookOf(index, [5, 0], [95, 1], durations(index, 15)))
    const evidence = evidenceOf(judge(slow, both), both)
    expect(evidence.failures).toBeLessThan(1)
    expect(evidence.combined).toBeCloseTo(0.7 * evidence.failures + 0.3 * evidence.latency, 9)
    const dry = judgeOptions({ latency: { shift: 0, weight: 0 } })
    expect(evidenceOf(judge(slow, dry), dry)).toMatchObject({
      latency: evidence.latency,
      combined: expect.closeTo(evidence.failures, 12),
    })
  })
})

describe('the state', () => {
  const looks = fc.array(
    fc.record({
      canary: fc.nat(8),
      canaryFailed: fc.nat(8),
      stable: fc.nat(60),
      stableFailed: fc.nat(60),
      target: fc.constantFrom(0.05, 0.25),
      bucket: fc.nat(400),
    }),
    { minLength: 2, maxLength: 30 },
  )

  it('goes on the same after it was written and read', () => {
    fc.assert(
      fc.property(looks, fc.nat(), (list, cut) => {
        const all = list.map(({ canary, canaryFailed, stable, stableFailed, target, bucket }, number) =>
          lookOf(number, [canary, Math.min(canary, canaryFailed)], [stable, Math.min(stable, stableFailed)], {
            target,
            durations: { canary: windowOf({ [bucket]: canary }), stable: windowOf({ [bucket]: stable, 7: 1 }) },
            dispersion: { observed: canaryFailed, expected: 3 },
          }),
        )
        const at = cut % all.length
        const written = JSON.stringify(judge(all.slice(0, at), everyTest))
        expect(written).not.toContain('null')
        const restored = judge(all.slice(at), everyTest, JSON.parse(written))
        expect(JSON.stringify(restored)).toBe(JSON.stringify(judge(all, everyTest)))
      }),
      { numRuns: 200 },
    )
  })

  it('is about a hundred numbers', () => {
    const numbers = JSON.stringify(judge(good(300))).match(/-?\d[\d.e+-]*/g)?.length ?? 0
    expect(numbers).toBeLessThan(70)
    const most = judge(
      good(300).map((look, index) => ({
        ...look,
        durations: { canary: windowOf({ 70: 5 }), stable: windowOf({ [60 + (index % 30)]: 95 }) },
        dispersion: { observed: 1, expected: 1 },
      })),
      everyTest,
    )
    const without = JSON.stringify({
      ...most,
      rollback: { ...most.rollback, latency: most.rollback.latency?.quantiles },
    })
    expect(without.match(/-?\d[\d.e+-]*/g)?.length ?? 0).toBeLessThan(120)
  })
})

describe('options', () => {
  it('come from the policy', () => {
    const metrics = [
      { name: 'failures', rollbackMargin: '20%', nonInferiorityMargin: { absolute: '1%', relative: '0%' } },
      { name: 'latency', dryRun: true },
    ]
    const parsed = parsePolicy({ analysis: { metrics } })
    if (!parsed.ok) throw new Error('the policy is wrong')
    expect(judgeOptionsOf(parsed.policy.analysis)).toEqual({
      significanceLevel: 0.01,
      promotionErrorRate: 0.05,
      failures: { rollbackMargin: 0.2, nonInferiorityMargin: { absolute: 0.01, relative: 0 }, weight: 0.7 },
      latency: { shift: 5, weight: 0 },
      ceiling: undefined,
    })
    expect(judgeOptionsOf({ ...parsed.policy.analysis, metrics: [] })).toMatchObject({
      failures: undefined,
      latency: undefined,
    })
  })
})

describe('suspicion', () => {
  it('is what the settled looks show, where nothing is open', () => {
    const state = judge(bad(2))
    const { combined, suspicious, rollback } = evidenceOf(state, options)
    expect(suspicionOf(state, [], options)).toEqual({ evidence: combined, suspicious, rollback })
  })

  it('lets latency that is not settled count for nothing', () => {
    const both = judgeOptions({ latency: { shift: 0, weight: 0.3 } })
    const fresh = openJudge(both)
    const mixture = { evidence: [200], reserve: 0, restarts: 0, since: 0 }
    const latency = { columns: noDurations, quantiles: [mixture, mixture, mixture] }
    const slow = { ...fresh, rollback: { ...fresh.rollback, latency } }
    const settled = evidenceOf(slow, both).combined
    expect(settled).toBeCloseTo(0.3 * 200 + 0.7, 9)
    const open = [lookOf(0, [5, 2], [95, 1])]
    const failures = evidenceOf(judge(open, both), both).failures
    expect(suspicionOf(slow, open, both).evidence).toBeCloseTo(Math.max(settled, 0.7 * failures), 9)
  })

  it('grows with the failures of open cohorts, and does not change the state', () => {
    const state = judge(bad(1))
    const before = JSON.stringify(state)
    expect(suspicionOf(state, bad(3, 1), options)).toMatchObject({ rollback: true, suspicious: true })
    expect(JSON.stringify(state)).toBe(before)
  })
})

describe('what speaks loudest', () => {
  const slow = (metrics: readonly object[]) => {
    const parsed = parsePolicy({ analysis: { metrics } })
    if (!parsed.ok) throw new Error('the policy of the test is wrong')
    const opened = openJudge(judgeOptionsOf(parsed.policy.analysis))
    const { latency } = opened.rollback
    const quantiles = latency?.quantiles.map((quantile) => ({ ...quantile, evidence: [90] })) ?? []
    const state = { ...opened, rollback: { ...opened.rollback, latency: latency && { ...latency, quantiles } } }
    return evidenceOf(state, judgeOptionsOf(parsed.policy.analysis)).loudest
  }

  it('is slowness where that has the larger part in the decision, and never where it has none', () => {
    expect(slow([{ name: 'failures' }, { name: 'latency' }])).toBe('latency')
    expect(slow([{ name: 'failures' }, { name: 'latency', dryRun: true }])).toBe('failures')
  })
})
