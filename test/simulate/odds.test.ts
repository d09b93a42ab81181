import { describe, expect, it } from 'vitest'
import { longestLook, untilNextLook } from '../../src/simulate/look-length.ts'
import { scenarioOf } from '../../src/simulate/scenario.ts'
import { buildRollout } from '../support/build-rollout.ts'
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
  ])('are as far apart as is good: %s', (_, file, ratePerSecond, lookMs) => {
    expect(longestLook(policyOf(file), ratePerSecond)).toBe(lookMs)
  })

  it.each([
    ['in a long step', { duration: '10m' }, 1_000],
    ['in a short step', { duration: '5s' }, 100],
    ['in a short step that waits for something since long', { duration: '5s', stepElapsedMs: 600_000 }, 1_000],
    ['in a step of no time', { duration: '1ms' }, 10],
    ['while a bad canary is at work', { duration: '10m', harmfulShare: 0.5 }, 100],
    ['in a drain', { duration: '10m', phase: 'Draining' }, 100],
    ['not in a promotion, which a long step has come before', { duration: '10m', phase: 'Promoting' }, 1_000],
  ] as const)('are short where something ends soon: %s', (_, { duration, ...given }, expected) => {
    const { harmfulShare, ...rollout } = { phase: 'Progressing', harmfulShare: 0, ...given } as const
    const policy = policyOf({ steps: [{ weight: '5%', duration }] })
    const scenario = scenarioOf(policy, buildTraffic(failing(0.3)))
    expect(untilNextLook(buildRollout(rollout), harmfulShare, scenario)).toBe(expected)
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
