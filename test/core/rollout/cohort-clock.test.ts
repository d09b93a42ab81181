import { describe, expect, it } from 'vitest'
import { noDurations } from '../../../src/core/evidence/duration-window.ts'
import {
  closeUpTo,
  cohortLength,
  endedCohorts,
  forgetBegun,
  leaveOut,
  startClock,
  turnClock,
} from '../../../src/core/rollout/cohort-clock.ts'
import type { CohortClock } from '../../../src/core/rollout/cohort-clock.ts'

/** A clock that was looked at every 50 ms up to `untilMs`. */
function run(untilMs: number, targetAt: (ms: number) => number = () => 0.1, lengthMs = 1_000): CohortClock {
  let clock = startClock(0, 1)
  for (let elapsedMs = 0; elapsedMs <= untilMs; elapsedMs += 50)
    clock = turnClock(clock, { elapsedMs, target: targetAt(elapsedMs), lengthMs })
  return clock
}

describe('cohorts', () => {
  it('follow one another, each as long as a look', () => {
    const { current, ended } = run(2_500, () => 0)
    expect(current).toEqual({ number: 3, begunMs: 2_000, target: 0 })
    expect(ended.map(({ number, endedMs }) => [number, endedMs])).toEqual([
      [1, 1_000],
      [2, 2_000],
    ])
  })

  it('end where the share changes', () => {
    const { current, ended } = run(1_500, (ms) => (ms < 400 ? 0.1 : 0.5))
    expect(ended.map(({ endedMs, target }) => [endedMs, target])).toEqual([
      [0, 0],
      [400, 0.1],
      [1_400, 0.5],
    ])
    expect(current.target).toBe(0.5)
  })

  it('are few, whatever is never settled: then they get longer', () => {
    expect(run(200_000).ended.length).toBe(60)
  })

  it('are handed over once they are over, with the age that they have', () => {
    const clock = run(2_500, () => 0)
    const told = { canary: tally(1), stable: tally(9), stableConsumers: [] }
    expect(endedCohorts(clock, { 2: told }, { elapsedMs: 2_500, lengthMs: 1_000 })).toEqual([
      { number: 1, ageMs: 2_500, target: 0, canary: tally(0), stable: tally(0), stableConsumers: [] },
      { number: 2, ageMs: 1_500, target: 0, ...told },
    ])
  })

  it('are forgotten when they are closed', () => {
    const clock = closeUpTo(
      run(3_500, () => 0),
      { closed: 2, gathered: undefined },
    )
    expect(clock.ended.map(({ number }) => number)).toEqual([3])
  })

  it('are left out where nobody decided in a part of them', () => {
    const clock = run(2_500, () => 0)
    const { current, ended } = leaveOut(clock, { elapsedMs: 9_000, target: 0.1 })
    expect([current, ended]).toEqual([{ number: 4, begunMs: 9_000, target: 0.1 }, clock.ended])
  })

  it('that have begun are forgotten where judging begins anew', () => {
    const { current, ended, progress } = forgetBegun(run(2_500, () => 0))
    expect([current.number, ended, progress]).toEqual([3, [], { closed: 3, gathered: undefined }])
  })

  it.each([
    ['a quiet queue', 0.5, 1_000, 1_000],
    ['a busy one', 2, 1_000, 100],
    ['a busy one with short looks', 2, 50, 50],
  ])('last as long as %s allows', (_, ratePerMs, intervalMs, expected) => {
    expect(cohortLength(intervalMs, ratePerMs)).toBe(expected)
  })
})

function tally(dispatched: number) {
  return { dispatched, succeeded: dispatched, failed: 0, durations: noDurations }
}
