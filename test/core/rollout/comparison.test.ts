import { describe, expect, it } from 'vitest'
import { noDurations } from '../../../src/core/evidence/duration-window.ts'
import { explainEvidence } from '../../../src/core/evidence/explain.ts'
import { evidenceOf } from '../../../src/core/evidence/judge-evidence.ts'
import { judgeOptionsOf } from '../../../src/core/evidence/judge-options.ts'
import { turnClock } from '../../../src/core/rollout/cohort-clock.ts'
import type { CohortFacts } from '../../../src/core/rollout/cohort-clock.ts'
import { beginComparison, compare, compareAnew, isOutage } from '../../../src/core/rollout/comparison.ts'
import type { Comparison } from '../../../src/core/rollout/comparison.ts'
import { buildPolicy } from '../../support/build-policy.ts'
import { comparing } from '../../support/build-comparison.ts'
import { counts, facts, observation } from '../../support/build-rollout.ts'

const policy = buildPolicy({ analysis: comparing() })
const history = facts({ counts: counts({ succeeded: 9_900, failed: 100 }), capacity: 10 })

interface Second {
  /** Failed and begun, on either version. `pending`: of the canary's, still without an outcome. */
  readonly canary: readonly [failed: number, of: number]
  readonly stable: readonly [failed: number, of: number]
  readonly pending?: number
}

/** Whole seconds of a rollout at a share of 10 %, each told at once; then `after` milliseconds in which nothing more is told. */
function over(seconds: readonly Second[], after = 2_000, stable = history): Comparison {
  const told: Record<number, CohortFacts> = {}
  const look = (elapsedMs: number) => ({
    policy,
    elapsedMs,
    sinceMs: 50,
    ratePerMs: 0.1,
    seen: observation({ stable, cohorts: told }),
  })
  let comparison = beginComparison(look(0), 1)
  let second = 0
  for (let ms = 0; ms <= seconds.length * 1_000 + after; ms += 50) {
    const clock = turnClock(comparison.clock, { elapsedMs: ms, target: 0.1, lengthMs: 1_000 })
    const news = seconds[second]
    if (clock.current.number !== comparison.clock.current.number && news !== undefined) {
      told[clock.current.number] = factsOf(news)
      second++
    }
    comparison = compare({ ...comparison, clock }, look(ms))
  }
  return comparison
}

function factsOf({ canary, stable, pending = 0 }: Second): CohortFacts {
  const tally = ([failed, of]: readonly [number, number], open = 0) => ({
    dispatched: of,
    failed,
    succeeded: of - failed - open,
    durations: noDurations,
  })
  return { canary: tally(canary, pending), stable: tally(stable), stableConsumers: [] }
}

const good: Second = { canary: [0, 10], stable: [1, 90] }
const bad: Second = { canary: [4, 10], stable: [1, 90] }
const times = (count: number, second: Second): Second[] => Array.from({ length: count }, () => second)
const evidence = (comparison: Comparison) => evidenceOf(comparison.judge, judgeOptionsOf(policy.analysis))

describe('a comparison', () => {
  it('begins with what the stable version did before', () => {
    expect(over([], 0).judge.start).toEqual({ messages: 10_000, failed: 100 })
  })

  it('takes in each cohort once', () => {
    const { canary, stable } = evidence(over(times(20, good)))
    expect([canary, stable]).toEqual([
      { messages: 200, failed: 0 },
      { messages: 1_800, failed: 20 },
    ])
  })

  it('finds a canary that is worse, and no other', () => {
    expect(over(times(5, bad)).suspicion.rollback).toBe(true)
    expect(over(times(300, good)).suspicion).toMatchObject({ rollback: false, suspicious: false })
  })

  it('does not wait for slow messages of a canary that is worse', () => {
    const slow = { ...bad, pending: 3 }
    const comparison = over(times(5, slow), 1_000)
    expect(evidence(comparison).canary.messages).toBe(0)
    expect(comparison.suspicion.rollback).toBe(true)
    expect(explainEvidence(evidence(comparison), comparison.suspicion)).toMatch(
      /failed 0 of 0.*with those that have not/,
    )
  })

  it('counts what never gets an outcome as failed, on both versions, when its time is over', () => {
    const lost = { canary: [0, 10], stable: [0, 90], pending: 2 } as const
    expect(evidence(over([lost], 30_000)).canary.messages).toBe(0)
    expect(evidence(over([lost], 40_000)).canary).toEqual({ messages: 10, failed: 2 })
  })

  it('proves in the end that a canary is not worse', () => {
    expect(evidence(over(times(20, good))).proven).toBe(false)
    expect(evidence(over(times(300, good))).proven).toBe(true)
  })

  it('tells an outage of both from a bad canary', () => {
    const down = over([...times(20, good), ...times(10, { canary: [5, 10], stable: [45, 90] })])
    expect([isOutage(down), down.suspicion.rollback]).toEqual([true, false])
    expect(isOutage(over(times(20, good)))).toBe(false)
  })

  it('takes no steady failures for an outage where nothing was known before', () => {
    const steady: Second = { canary: [1, 10], stable: [6, 90] }
    expect(isOutage(over(times(60, steady), 2_000, facts({ capacity: 10 })))).toBe(false)
    expect(isOutage(over([...times(60, steady), ...times(10, { canary: [5, 10], stable: [45, 90] })]))).toBe(true)
  })

  it('takes no steady failures for an outage of which none of the first 200 messages happened to tell', () => {
    const steady = times(60, { canary: [0, 10], stable: [2, 90] })
    expect(isOutage(over(steady, 2_000, facts({ counts: counts({ succeeded: 200 }), capacity: 10 })))).toBe(false)
  })

  it('takes on a slow queue no single failure for an outage, and the fifth in a row for one', () => {
    const well = times(60, { canary: [0, 1], stable: [0, 1] })
    const ill: Second = { canary: [1, 1], stable: [1, 1] }
    expect(isOutage(over([...well, ill]))).toBe(false)
    expect(isOutage(over([...well, ...times(5, ill)]))).toBe(true)
  })

  it('sees the end of an outage also where the stable version gets no messages any more', () => {
    const down = [...times(20, good), ...times(10, { canary: [0, 10], stable: [45, 90] } as const)]
    expect(isOutage(over([...down, ...times(150, { canary: [0, 100], stable: [0, 0] })]))).toBe(false)
  })

  it('that begins anew counts nothing that is under way', () => {
    const before = over(times(5, { ...bad, pending: 3 }), 1_000)
    expect(before.suspicion.rollback).toBe(true)
    const told = { policy, elapsedMs: 50_000, sinceMs: 50, ratePerMs: 0.1, seen: observation({ stable: history }) }
    const cohorts = Object.fromEntries(before.clock.ended.map(({ number }) => [number, factsOf(bad)]))
    const { judge, suspicion } = compare(compareAnew(before), { ...told, seen: { ...told.seen, cohorts } })
    expect([judge.canary, suspicion.rollback]).toEqual([{ messages: 0, failed: 0 }, false])
  })

  it('begins anew with half the significance level, and what it knows of the stable version', () => {
    const before = over(times(5, bad))
    const { losses, peak, baseline, canary } = compareAnew(before).judge
    expect({ losses, peak, canary }).toEqual({ losses: 1, peak: 1, canary: { messages: 0, failed: 0 } })
    expect(baseline).toEqual(before.judge.baseline)
    expect(evidence(compareAnew(before))).toMatchObject({ needed: 200, rollback: false })
  })
})
