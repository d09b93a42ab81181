import { describe, expect, it } from 'vitest'
import { cohortsOf } from '../../src/coordinator/observe-cohorts.ts'
import { windowOf } from '../../src/core/evidence/duration-window.ts'
import { turnClock } from '../../src/core/rollout/cohort-clock.ts'
import { beginComparison, compare } from '../../src/core/rollout/comparison.ts'
import type { ConsumerReport } from '../../src/core/rollout/consumer-report.ts'
import { comparing } from '../support/build-comparison.ts'
import { buildPolicy } from '../support/build-policy.ts'
import { buildReport } from '../support/build-report.ts'
import { buildRollout, observation } from '../support/build-rollout.ts'

const policy = buildPolicy({ analysis: comparing() })
/** Cohorts up to 6 are closed. */
const comparison = beginComparison({ policy, seen: observation(), elapsedMs: 0 }, 7)
const rollout = buildRollout({ comparison })

const told = (version: string, id: string, parts: Partial<ConsumerReport> = {}) =>
  buildReport({
    id,
    version,
    cohorts: {
      6: { dispatched: 9, succeeded: 0, failed: 9, durations: {} },
      7: { dispatched: 5, succeeded: 3, failed: 1, durations: { 10: 2, 20: 1 } },
    },
    ...parts,
  })
const cohorts = (...reports: readonly ConsumerReport[]) =>
  cohortsOf(rollout, { reports, isAlive: ({ id }) => id !== 'silent' })

describe('what consumers tell of cohorts', () => {
  it('adds up by version, less what is closed and who is neither', () => {
    const facts = cohorts(told('v1', 'a'), told('v1', 'b'), told('v2', 'c'), told('v3', 'd'))
    const one = { dispatched: 5, succeeded: 3, failed: 1 }
    expect(facts).toEqual({
      7: {
        canary: { ...one, durations: windowOf({ 10: 2, 20: 1 }) },
        stable: { dispatched: 10, succeeded: 6, failed: 2, durations: windowOf({ 10: 4, 20: 2 }) },
        stableConsumers: [one, one],
      },
    })
  })

  it.each([
    ['a canary died with has failed', 'v2', 'ready', 2],
    ['a canary had when it signed off has not', 'v2', 'gone', 1],
  ] as const)('what %s', (_, version, state, failed) => {
    expect(cohorts(told(version, 'silent', { state }))[7]?.canary).toMatchObject({
      dispatched: 5,
      succeeded: 3,
      failed,
    })
  })

  it('what a stable consumer died with counts for nothing', () => {
    const known = { dispatched: 4, succeeded: 3, failed: 1 }
    const facts = cohorts(told('v1', 'silent'))[7]
    expect(facts?.stable).toMatchObject(known)
    expect(facts?.stableConsumers).toEqual([known])
  })

  it('is closed without what a stable consumer died with, and shows no cluster of failures', () => {
    const held = { cohorts: { 7: { dispatched: 50, succeeded: 0, failed: 0, durations: {} } } }
    const well = { cohorts: { 7: { dispatched: 50, succeeded: 50, failed: 0, durations: {} } } }
    const facts = cohorts(
      told('v1', 'silent', held),
      told('v1', 'b', well),
      told('v1', 'c', well),
      told('v2', 'd', well),
    )
    const clock = turnClock(comparison.clock, { elapsedMs: 1_000, target: 0.3, lengthMs: 1_000 })
    const seen = observation({ cohorts: facts })
    const look = { policy, seen, ratePerMs: 0.1, elapsedMs: 3_000, sinceMs: 50 }
    const { judge, clock: after } = compare({ ...comparison, clock }, look)
    expect(after.progress.closed).toBe(7)
    expect(judge.stable).toEqual({ messages: 100, failed: 0 })
    expect(judge.dispersion.observed).toBe(0)
  })

  it('is nothing where nothing is compared', () => {
    const uncompared = { ...rollout, comparison: undefined }
    expect(cohortsOf(uncompared, { reports: [told('v2', 'a')], isAlive: () => true })).toEqual({})
  })
})
