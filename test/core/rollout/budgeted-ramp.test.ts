import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import { considerWeight } from '../../../src/core/rollout/budgeted-ramp.ts'
import { beginComparison } from '../../../src/core/rollout/comparison.ts'
import type { Comparison } from '../../../src/core/rollout/comparison.ts'
import { lanesOf } from '../../../src/core/rollout/lanes.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { observation } from '../../support/build-rollout.ts'
import { look, rolloutIn } from './situations.ts'
import { transition } from '../../../src/core/rollout/transition.ts'

function policyOf(ramp: object): Policy {
  const parsed = parsePolicy({ ramp })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

const policy = policyOf({ failureBudget: 5, minDuration: '5m', maxDuration: '1h' })
const opened = beginComparison({ policy, seen: observation(), elapsedMs: 0 }, 1)

/** `ruledOut`: no excess of the canary's failure rate is left to fear. */
function comparison({ ruledOut = false, suspicious = false, proven = false, outage = false } = {}): Comparison {
  const { promotion } = opened.judge
  return {
    ...opened,
    judge: {
      ...opened.judge,
      start: { messages: 1_000, failed: 10 },
      promotion: promotion && {
        ...promotion,
        excess: promotion.excess.map(() => (ruledOut ? 99 : 0)),
        promotion: proven ? [9, 9] : [0, 0],
      },
    },
    suspicion: { ...opened.suspicion, suspicious },
    recent: outage ? { messages: 100, failed: 50 } : { messages: 100, failed: 0 },
  }
}

const whole = { capacity: 30, signedOff: 0 }

interface Surroundings {
  readonly ratePerMs?: number
  readonly isFrozen?: boolean
  /** The slots of the stable version at a time. */
  readonly stableAt?: (ms: number) => { readonly capacity: number; readonly signedOff: number }
}

/** The weights of a ramp at one message a millisecond, a look a second, for so many minutes. */
function weights(
  minutes: number,
  says: Parameters<typeof comparison>[0],
  { ratePerMs = 1, isFrozen = false, stableAt = () => whole }: Surroundings = {},
): readonly number[] {
  let rollout: Rollout = rolloutIn('Progressing', { comparison: comparison(says) })
  const seen: number[] = []
  for (let ms = 0; ms <= minutes * 60_000; ms += 1_000) {
    rollout = considerWeight({ ...rollout, elapsedMs: ms, stepElapsedMs: ms }, policy, {
      ratePerMs,
      isFrozen,
      stable: stableAt(ms),
    })
    seen.push(rollout.ramp?.weight ?? 0)
  }
  return seen
}

describe('a ramp that a budget drives', () => {
  it('is one step in the policy, and keeps its short form', () => {
    expect(policy.steps).toEqual([
      { kind: 'ramp', weight: 50, concurrency: undefined, delayMs: 0, durationMs: 300_000, minSamples: 1 },
    ])
  })

  it('needs the metric that drives it', () => {
    const parsed = parsePolicy({ ramp: {}, analysis: { metrics: [] } })
    expect(!parsed.ok && parsed.problems.map(({ path }) => path)).toEqual([['ramp']])
  })

  it('rises to what the budget allows as soon as nothing is left to fear, paced by its least duration', () => {
    const rising = weights(5, { ruledOut: true })
    expect(rising.at(0)).toBeLessThanOrEqual(1)
    expect(rising.at(150)).toBeLessThan(10)
    // exp(-(ln 100 + 2) / 5) of the messages: more could cost more than the budget before it is found.
    expect(rising.at(-1)).toBeGreaterThan(0.9 * 26.69)
    expect(rising.at(-1)).toBeLessThan(26.7)
    for (const [index, weight] of rising.entries()) expect(weight).toBeGreaterThanOrEqual(rising[index - 1] ?? 0)
  })

  it('stays small while an excess is not ruled out', () => {
    expect(Math.max(...weights(60, {}))).toBeLessThan(1)
  })

  it.each([{ suspicious: true }, { outage: true }])('does not rise with %j', (trouble) => {
    expect(new Set(weights(10, { ruledOut: true, ...trouble })).size).toBe(1)
  })

  it('does not rise in a freeze', () => {
    expect(new Set(weights(10, { ruledOut: true }, { isFrozen: true })).size).toBe(1)
  })

  it('does not rise while stable consumers are missing that died, and goes on when they are replaced', () => {
    const stableAt = (ms: number) => (ms >= 120_000 && ms < 240_000 ? { capacity: 20, signedOff: 0 } : whole)
    const seen = weights(5, { ruledOut: true }, { stableAt })
    expect(new Set(seen.slice(120, 240)).size).toBe(1)
    expect(seen.at(-1)).toBeGreaterThan(seen[239] ?? Infinity)
  })

  it('rises as ever where stable consumers have signed off, and where others have joined', () => {
    const scaled = (ms: number) => (ms < 60_000 ? whole : { capacity: 20, signedOff: 10 })
    expect(weights(5, { ruledOut: true }, { stableAt: scaled })).toEqual(weights(5, { ruledOut: true }))
    const grown = (ms: number) => (ms < 60_000 ? whole : { capacity: 50, signedOff: 0 })
    expect(weights(5, { ruledOut: true }, { stableAt: grown })).toEqual(weights(5, { ruledOut: true }))
  })

  it('begins at one percent where nobody knows how fast the queue is', () => {
    expect(new Set(weights(1, { ruledOut: true }, { ratePerMs: 0 }))).toEqual(new Set([1]))
  })

  it('counts the share from the last change of the weight', () => {
    const latest = { stable: observation().stable.counts, canary: observation().canary.counts }
    const rollout = rolloutIn('Progressing', { comparison: comparison({ ruledOut: true }), latest, forgone: 7 })
    expect(considerWeight(rollout, policy, { ratePerMs: 1, isFrozen: false, stable: whole })).toMatchObject({
      stepOrigin: latest,
      forgone: 0,
    })
  })

  it('gives the canary its weight, and nothing before the first', () => {
    const rollout = rolloutIn('Progressing', { ramp: { weight: 12.5, consideredMs: 0, peak: undefined } })
    expect(lanesOf(rollout, policy, observation()).canary).toMatchObject({ kind: 'throttled', weight: 12.5 })
    expect(lanesOf({ ...rollout, ramp: undefined }, policy, observation()).canary).toEqual({ kind: 'none' })
  })

  it.each<[string, Parameters<typeof comparison>[0] & object, number, string]>([
    ['its time is not over', { proven: true }, 299_000, 'Progressing'],
    ['it is proven', { proven: true }, 301_000, 'WaitingPromotion'],
    ['it is not proven', {}, 301_000, 'Progressing'],
    ['it is proven and suspected', { proven: true, suspicious: true }, 301_000, 'Progressing'],
  ])('where %s', (_, says, stepElapsedMs, phase) => {
    const counts = { ...observation().canary.counts, taken: 10, succeeded: 10 }
    const seen = observation({ canary: { ...observation().canary, counts } })
    const held = { ...comparison(says), ...(says.suspicious === true && { judge: suspicious(comparison(says)) }) }
    const rollout = rolloutIn('Progressing', {
      comparison: held,
      stepElapsedMs,
      ramp: { weight: 5, consideredMs: 0, peak: undefined },
    })
    expect(transition(rollout, look(seen), policy).state.phase).toBe(phase)
  })

  it('that finds no proof in its time lacks data', () => {
    const paused = { ...policy, onInsufficientData: 'pause' } as const
    const rollout = rolloutIn('Progressing', { comparison: comparison(), stepElapsedMs: 3_600_000 })
    expect(transition(rollout, look(), paused).state).toMatchObject({ phase: 'Paused', hold: 'insufficientData' })
  })
})

function suspicious({ judge }: Comparison): Comparison['judge'] {
  const failures = { evidence: [20], reserve: 0, restarts: 0, since: 0 }
  return { ...judge, rollback: { ...judge.rollback, failures, latency: undefined } }
}
