import { describe, expect, it } from 'vitest'
import { lookLength, scenarioOf } from '../../src/simulate/scenario.ts'
import { buildTraffic, failing, oddsOf, policyOf, runs, shortPolicy } from './support.ts'

const rolledBack = (found: ReturnType<typeof oddsOf>) => found.outcomes.RolledBack.odds

/** Nothing waits for a proof. */
const unproven = { onInsufficientData: 'promote' } as const

describe('the odds', () => {
  it('are against taking a good canary back', () => {
    const steps = shortPolicy.steps.map((step) => ({ ...step, durationMs: 30_000 }))
    expect(rolledBack(oddsOf({ ...shortPolicy, steps, ...unproven }, {}, 1_000))).toBeLessThanOrEqual(0.015)
  })

  it('are against it where durations are compared as well', () => {
    const { metrics } = policyOf({ analysis: { metrics: [{ name: 'failures' }, { name: 'latency' }] } }).analysis
    const policy = { ...shortPolicy, analysis: { ...shortPolicy.analysis, metrics } }
    expect(rolledBack(oddsOf(policy, {}, 150))).toBeLessThanOrEqual(0.02)
    const slower = { canary: { failures: 0.01, latencyMs: 60 } }
    expect(rolledBack(oddsOf(policy, slower, 30))).toBe(1)
  })

  it('are against it in outages of both versions', () => {
    const policy = { ...shortPolicy, steps: shortPolicy.steps.map((step) => ({ ...step, durationMs: 300_000 })) }
    const found = oddsOf(policy, { kind: 'outages' }, 80)
    expect(rolledBack(found)).toBeLessThanOrEqual(0.017)
    expect(found.outcomes.Succeeded.odds).toBeGreaterThanOrEqual(0.98)
  })

  it.each(['steady', 'bursts', 'sine', 'outages', 'backlog'] as const)(
    'are for taking back what fails ten times as often: %s',
    (kind) => {
      const found = oddsOf(shortPolicy, { kind, ...failing(0.1) }, 100)
      expect(rolledBack(found)).toBe(1)
      expect(found.harmed.p95).toBeLessThan(25)
    },
  )

  it('rise with what the canary fails', () => {
    const odds = [0.01, 0.02, 0.03, 0.05].map((failures) => rolledBack(oddsOf(shortPolicy, failing(failures), 60)))
    expect(odds).toEqual(odds.toSorted((a, b) => a - b))
    expect(odds.at(-1)).toBe(1)
    expect(odds[1]).toBeLessThan(1)
  })

  it('find a regression that begins late', () => {
    const found = oddsOf(shortPolicy, { ...failing(0.3), onsetMs: 90_000 }, 50)
    expect(rolledBack(found)).toBe(1)
    expect(found.elapsedMs.p50).toBeGreaterThan(90_000)
    expect(found.elapsedMs.p95).toBeLessThan(100_000)
  })
})

describe('looks', () => {
  it.each([
    ['the interval of the analysis', {}, 100, 1_000],
    ['no more than a second', { analysis: { interval: '30s' } }, 100, 1_000],
    ['ten a second on a busy queue', {}, 5_000, 100],
    ['five in the shortest step', { steps: [{ weight: '5%', duration: '2s' }] }, 100, 400],
    ['no more than can be told apart', { steps: [{ weight: '5%', duration: '1ms' }] }, 100, 10],
  ])('are as far apart as is good: %s', (_, file, ratePerSecond, lookMs) => {
    expect(lookLength(policyOf(file), ratePerSecond)).toBe(lookMs)
  })

  /** The product's. */
  const fineMs = 50

  it.each([
    ['a good canary', 0.01, 25],
    ['one that fails twice as often', 0.02, 30],
    ['one that fails five times as often', 0.05, 60],
    ['one that fails most', 0.6, 100],
  ])('as far apart as these change nothing for %s', (_, failures, count) => {
    const scenario = scenarioOf(shortPolicy, buildTraffic(failing(failures)))
    const [coarse, fine] = [runs(scenario, count), runs({ ...scenario, lookMs: fineMs }, count)]
    expect(Math.abs(rolledBack(coarse) - rolledBack(fine))).toBeLessThanOrEqual(0.1)
    const [harm, fineHarm] = [coarse.harmed.p50, fine.harmed.p50]
    expect(Math.abs(harm - fineHarm)).toBeLessThanOrEqual(Math.max(2, 0.2 * fineHarm))
    const [time, fineTime] = [coarse.elapsedMs.p50, fine.elapsedMs.p50]
    expect(Math.abs(time - fineTime)).toBeLessThanOrEqual(Math.max(5_000, 0.2 * fineTime))
  })
})
