import { describe, expect, it } from 'vitest'
import { notSimulated, takenForGranted } from '../../src/simulate/limits.ts'
import { planOf } from '../../src/simulate/plan.ts'
import { checksOf } from '../../src/simulate/policy-tests.ts'
import { scenarioOf } from '../../src/simulate/scenario.ts'
import { simulate } from '../../src/simulate/simulation.ts'
import { seedOf, summarize } from '../../src/simulate/summary.ts'
import type { RunFacts } from '../../src/simulate/summary.ts'
import { timelineOf } from '../../src/simulate/timeline.ts'
import { buildTraffic, failing, oddsOf, policyOf, shortPolicy } from './support.ts'

const facts = (parts: Partial<RunFacts>): RunFacts => ({
  seed: 0,
  phase: 'Succeeded',
  elapsedMs: 60_000,
  harmed: 0,
  canaryMessages: 100,
  ...parts,
})

describe('a summary', () => {
  const found = summarize([
    ...Array.from({ length: 90 }, (_, run) => facts({ seed: run, harmed: run })),
    ...Array.from({ length: 8 }, (_, run) => facts({ seed: 100 + run, phase: 'RolledBack', elapsedMs: 1_000 * run })),
    facts({ seed: 200, phase: 'Paused' }),
    facts({ seed: 201, phase: 'WaitingPromotion', elapsedMs: 7_200_000 }),
  ])

  it('counts runs by their ends', () => {
    expect(found.runs).toBe(100)
    expect(found.phases).toEqual({ Succeeded: 90, RolledBack: 8, Paused: 1, WaitingPromotion: 1 })
    expect(Object.values(found.outcomes).map(({ odds }) => odds)).toEqual([0.9, 0.08, 0.02])
  })

  it('has the values that half, 95 % and 99 % do not exceed', () => {
    expect(found.outcomes.Succeeded.harmed).toEqual({ p50: 44, p95: 85, p99: 89 })
    expect(found.outcomes.RolledBack.elapsedMs).toEqual({ p50: 3_000, p95: 7_000, p99: 7_000 })
    expect(found.elapsedMs.p99).toBe(60_000)
    expect(summarize([facts({})]).outcomes.undecided.harmed).toBeUndefined()
  })

  it('points to a run in the middle of the most frequent end', () => {
    expect(found.typicalSeed).toBe(45)
  })

  it('is made of runs that share no seed', () => {
    const seeds = [0, 1, 2].flatMap((run) => [seedOf(0, run), seedOf(1, run), seedOf(2 ** 32 - 1, run)])
    expect(new Set(seeds).size).toBe(9)
    expect(seeds.every(Number.isSafeInteger)).toBe(true)
    expect(Number.isSafeInteger(seedOf(2 ** 32 - 1, 1_000_000))).toBe(true)
  })
})

describe('a plan', () => {
  it('foretells what simulations find', () => {
    const traffic = buildTraffic(failing(0.05))
    const plan = planOf(shortPolicy, traffic)
    const found = oddsOf(shortPolicy, traffic, 100).outcomes.RolledBack
    const off = (planned = Number.NaN, simulated = Number.NaN) => Math.abs(planned / simulated - 1)
    expect(off(plan?.rollback?.messages, found.canaryMessages?.p50)).toBeLessThan(0.25)
    expect(off(plan?.rollback?.failures, found.harmed?.p50)).toBeLessThan(0.25)
    expect(off(plan?.rollback?.elapsedMs, found.elapsedMs?.p50)).toBeLessThan(0.25)
  })

  it('says what each step brings', () => {
    const steps = planOf(shortPolicy, buildTraffic(failing(0.05)))?.steps ?? []
    expect(steps.map(({ messages }) => Math.round(messages))).toEqual([60, 600, 3_000])
    expect(steps.map(({ toRollBack }) => Math.round(toRollBack))).toEqual([161, 192, 452])
  })

  it('adds up a verdict over steps, pauses and the time before the onset', () => {
    const policy = policyOf({
      steps: [{ weight: '10%', duration: '10s' }, { pause: { duration: '5s' } }, { weight: '10%', duration: '1h' }],
      analysis: { metrics: [{ name: 'failures' }] },
    })
    const whole = planOf(policy, buildTraffic(failing(0.05)))?.rollback
    expect(whole?.messages).toBeCloseTo(192.5, 0)
    expect(whole?.elapsedMs).toBeCloseTo(19_246, -2)
    const late = planOf(policy, buildTraffic({ ...failing(0.05), onsetMs: 60_000 }))?.rollback
    expect(late?.elapsedMs).toBeCloseTo(79_246, -2)
  })

  it('knows what never comes', () => {
    expect(planOf(shortPolicy, buildTraffic())?.rollback).toBeUndefined()
    expect(planOf(shortPolicy, buildTraffic({ ratePerSecond: 0 }))?.proof).toBeUndefined()
    const whole = policyOf({ steps: [{ weight: '100%', duration: '1m' }] })
    expect(planOf(whole, buildTraffic(failing(0.5)))).toMatchObject({ rollback: undefined, proof: undefined })
    expect(planOf(policyOf({ strategy: 'blueGreen' }), buildTraffic())).toBeUndefined()
    expect(planOf(policyOf({ ramp: {} }), buildTraffic())).toBeUndefined()
    expect(planOf(policyOf({ analysis: { metrics: [] } }), buildTraffic())).toBeUndefined()
  })
})

describe('a timeline', () => {
  const scenario = scenarioOf(shortPolicy, buildTraffic())

  it('is the run once more, in points of equal length', () => {
    const { run, timeline } = timelineOf(scenario, 5, 60)
    expect(run).toEqual(simulate(scenario, 5))
    expect(timeline.length).toBeLessThanOrEqual(60)
    expect(timeline.length).toBeGreaterThan(50)
    expect(timeline.at(-1)).toMatchObject({ elapsedMs: run.elapsedMs, phase: 'Succeeded', harmed: run.harmed })
    expect(timeline.map(({ elapsedMs }) => elapsedMs)).toEqual(
      timeline.map(({ elapsedMs }) => elapsedMs).toSorted((a, b) => a - b),
    )
    const share = timeline.find(({ elapsedMs }) => elapsedMs >= 100_000)?.share ?? 0
    expect(share).toBeGreaterThan(5)
    expect(share).toBeLessThan(20)
    expect(Math.max(...timeline.map(({ proof }) => proof))).toBeGreaterThan(20)
  })

  it('has no more points than looks', () => {
    expect(
      timelineOf({ ...scenario, policy: policyOf({ strategy: 'blueGreen' }) }, 1, 1_000).timeline.length,
    ).toBeLessThan(40)
  })
})

describe('tests of a policy', () => {
  const summary = summarize([
    ...Array.from({ length: 95 }, (_, run) => facts({ harmed: run, elapsedMs: 1_000 * run })),
    ...Array.from({ length: 5 }, () => facts({ phase: 'RolledBack', harmed: 99, elapsedMs: 200_000 })),
  ])

  it.each([
    [{ phase: 'Succeeded' }, true, 'Succeeded in 95 %', 'Succeeded 95 %, RolledBack 5 %'],
    [{ phase: 'RolledBack' }, false, 'RolledBack in 95 %', 'Succeeded 95 %, RolledBack 5 %'],
    [{ phase: 'Paused' }, false, 'Paused in 95 %', 'Succeeded 95 %, RolledBack 5 %'],
    [{ harmed: { p50: 49 } }, true, 'at most 49', '49'],
    [{ harmed: { p95: 93 } }, false, 'at most 93', '94'],
    [{ harmed: { p99: 99 } }, true, 'at most 99', '99'],
    [{ within: '94s' }, true, '95 % within 1m 34s', '1m 34s'],
    [{ within: '90s' }, false, '95 % within 1m 30s', '1m 34s'],
  ])('expect %j', (expectation, holds, expected, found) => {
    expect(checksOf({ given: {}, expect: expectation }, summary)).toEqual([
      { key: expect.any(String), expected, found, holds },
    ])
  })

  it('expect nothing, or several things', () => {
    expect(checksOf({ given: {}, expect: {} }, summary)).toEqual([])
    const several = { phase: 'Succeeded', harmed: { p50: 1, p95: 99 }, within: '1m' }
    expect(checksOf({ given: {}, expect: several }, summary).map(({ key, holds }) => [key, holds])).toEqual([
      ['phase', true],
      ['harmed.p50', false],
      ['harmed.p95', true],
      ['within', false],
    ])
  })
})

describe('the limits of simulations', () => {
  it.each([
    [{}, 0],
    [{ strategy: 'rolling' }, 1],
    [{ ramp: {} }, 0],
  ])('of %j', (file, count) => {
    expect(notSimulated(policyOf(file))).toHaveLength(count)
  })

  it('are said where they matter', () => {
    const provider = { prometheus: { address: 'http://p', query: 'up' } }
    const policy = policyOf({
      steps: [{ weight: '5%', duration: '1m' }, { pause: {} }],
      analysis: {
        metrics: [
          { name: 'failures' },
          { name: 'novel-errors' },
          { name: 'load', provider, thresholdRange: { max: 1 } },
          { name: 'lag', measure: 'eventLoopDelay', thresholdRange: { max: '1s' } },
        ],
      },
      webhooks: [{ name: 'a', type: 'event', url: 'http://h' }],
      limits: { maxFailedMessages: 10_000 },
    })
    expect(takenForGranted(policy)).toHaveLength(5)
    expect(takenForGranted(policyOf({}))).toEqual([])
    expect(takenForGranted(policyOf({ ramp: {} }))).toEqual([expect.stringContaining('there is no plan')])
    expect(simulate(scenarioOf(policy, buildTraffic({ ratePerSecond: 1_000 })), 1).phase).toBe('Succeeded')
  })
})
