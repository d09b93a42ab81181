import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { livenessMs } from '../../../src/core/liveness.ts'
import { cohortRules, lookMinimum } from '../../../src/core/evidence/cohort-rules.ts'
import type { CohortRules } from '../../../src/core/evidence/cohort-rules.ts'
import { closeCohorts, isSettled, openCohorts } from '../../../src/core/evidence/cohorts.ts'
import type { Cohort, CohortState } from '../../../src/core/evidence/cohorts.ts'
import { windowOf } from '../../../src/core/evidence/duration-window.ts'
import { cohort, tally } from './build-cohort.ts'

const rules: CohortRules = {
  cohortMs: 1_000,
  completeAfterMs: 2_000,
  settleTimeoutMs: 10_000,
  minimum: { canary: 1, stable: 5 },
}

/** What becomes of these cohorts at once, as numbers: first and last cohort, canary and stable messages and failures. */
function close(cohorts: readonly Cohort[], state: CohortState = openCohorts(1), withRules = rules) {
  const closed = closeCohorts(state, cohorts, withRules)
  const brief = (looks: (typeof closed)['looks']) =>
    looks.map(({ first, last, canary, stable }) => [
      first,
      last,
      canary.messages,
      canary.failed,
      stable.messages,
      stable.failed,
    ])
  return { ...closed, brief: brief(closed.looks), briefOpen: brief(closed.open) }
}

describe('the rules', () => {
  it('close a cohort once all news of it is here, and give up what a handler cannot be at any more', () => {
    const made = cohortRules({ cohortMs: 1_000, reportDelayMs: 500, handlerTimeoutMs: 30_000, stableSlots: 10 })
    const minimum = { canary: 1, stable: 5 }
    expect(made).toEqual({ cohortMs: 1_000, completeAfterMs: 1_500, settleTimeoutMs: 31_500, minimum })
  })

  it('give nothing up before the dead can be told from the slow, however little time a handler has', () => {
    const made = cohortRules({ cohortMs: 1_000, reportDelayMs: 500, handlerTimeoutMs: 2_000, stableSlots: 10 })
    expect(made.settleTimeoutMs - made.completeAfterMs).toBeGreaterThan(livenessMs)
  })
})

describe('settling', () => {
  it.each([
    ['all succeeded', tally(5, 5), tally(95, 95), 0, true],
    ['all have an outcome', tally(5, 3, 2), tally(95, 94, 1), 0, true],
    ['a canary message is pending', tally(5, 4), tally(95, 95), 0, false],
    ['a stable message is pending', tally(5, 5), tally(95, 94), 0, false],
    ['it is too old to wait', tally(5, 4), tally(95, 90), 10_000, true],
    ['nothing was dispatched', tally(0), tally(0), 0, true],
  ])('%s', (...[, canary, stable, ageMs, expected]) => {
    expect(isSettled(cohort(1, { canary, stable, ageMs }), rules)).toBe(expected)
  })

  it('counts what is pending as failed on both versions once its time is over', () => {
    const old = cohort(1, { canary: tally(5, 3, 1), stable: tally(95, 90), ageMs: 10_000 })
    expect(close([old]).brief).toEqual([[1, 1, 5, 2, 95, 5]])
  })

  it('waits for reports that are on their way, though all that is seen has its outcome', () => {
    expect(close([cohort(1, { ageMs: 1_999 })]).brief).toEqual([])
    expect(close([cohort(1, { ageMs: 2_000 })]).brief).toHaveLength(1)
  })

  it('keeps the order: a slow cohort holds up those after it', () => {
    const slow = cohort(1, { canary: tally(5, 4) })
    const { brief, briefOpen, state } = close([cohort(3), slow, cohort(2)])
    expect(brief).toEqual([])
    expect(state.closed).toBe(0)
    expect(briefOpen.map(([first]) => first)).toEqual([1, 2, 3])
    const later = close([cohort(1), cohort(2), cohort(3)], state)
    expect(later.brief.map(([first]) => first)).toEqual([1, 2, 3])
  })

  it('ignores what comes for a closed cohort, and cohorts from before the start', () => {
    const { state } = close([cohort(1), cohort(2)])
    expect(close([cohort(0), cohort(1), cohort(2, { canary: tally(50, 0, 50) })], state).brief).toEqual([])
  })

  it('takes more outcomes than dispatches for dispatches', () => {
    expect(close([cohort(1, { canary: tally(3, 4, 2) })]).brief).toEqual([[1, 1, 6, 2, 95, 1]])
  })
})

describe('looks', () => {
  it('are joined until both versions have enough messages', () => {
    const small = [
      cohort(1, { canary: tally(0), stable: tally(3, 3) }),
      cohort(2, { canary: tally(1, 1), stable: tally(1, 0, 1) }),
      cohort(3, { canary: tally(0), stable: tally(1, 1) }),
      cohort(4, { canary: tally(1, 0, 1), stable: tally(9, 9) }),
    ]
    expect(close(small).brief).toEqual([
      [1, 3, 1, 0, 5, 1],
      [4, 4, 1, 1, 9, 0],
    ])
  })

  it('are joined over calls as in one', () => {
    const cohorts = [1, 2, 3, 4, 5].map((number) =>
      cohort(number, { canary: tally(number % 2, number % 2), stable: tally(3, 3) }),
    )
    const atOnce = close(cohorts)
    let state = openCohorts(1)
    const oneByOne = cohorts.flatMap((one) => {
      const closed = close([one], state)
      state = JSON.parse(JSON.stringify(closed.state))
      return closed.brief
    })
    expect(oneByOne).toEqual(atOnce.brief)
    expect(state).toEqual(JSON.parse(JSON.stringify(atOnce.state)))
  })

  it('take longer where few serial consumers make the share depend on outcomes', () => {
    expect(lookMinimum(3)).toEqual({ canary: 30, stable: 30 })
    expect(lookMinimum(4)).toEqual({ canary: 1, stable: 5 })
    const cohorts = Array.from({ length: 7 }, (_, index) => cohort(index + 1))
    expect(close(cohorts, openCohorts(1), { ...rules, minimum: lookMinimum(1) }).brief).toEqual([[1, 6, 30, 0, 570, 6]])
  })

  it('are cut where the target share changes: what was too short until then counts for the baseline alone', () => {
    const cohorts = [
      cohort(1, { canary: tally(1, 0, 1), stable: tally(2, 2), target: 0.01 }),
      cohort(2, { target: 0.05 }),
    ]
    expect(close(cohorts).brief).toEqual([
      [1, 1, 0, 0, 2, 0],
      [2, 2, 5, 0, 95, 1],
    ])
  })

  it('need no canary while it may take nothing', () => {
    const idle = cohort(1, { canary: tally(0), target: 0 })
    expect(close([idle]).brief).toEqual([[1, 1, 0, 0, 95, 1]])
  })

  it('tell how much time they took, gaps included', () => {
    const { looks } = close([cohort(1), cohort(5), cohort(6)])
    expect(looks.map(({ elapsedMs }) => elapsedMs)).toEqual([1_000, 4_000, 1_000])
  })

  it('tell of the newest cohort that had begun, closed or not', () => {
    expect(close([cohort(1), cohort(2, { ageMs: 0 }), cohort(3, { ageMs: 0 })]).looks[0]?.opened).toBe(3)
    // Also where the look was cut, long after its last cohort was closed.
    const short = close([cohort(1, { stable: tally(2, 2) }), cohort(2, { ageMs: 0 })]).state
    const cut = close([cohort(2, { target: 0.25 }), ...[3, 4, 5].map((number) => cohort(number, { ageMs: 0 }))], short)
    expect(cut.looks.map(({ last, opened }) => [last, opened])).toEqual([
      [1, 5],
      [2, 5],
    ])
  })

  it('carry durations and the spread among the stable consumers, where they are measured', () => {
    const measured = (number: number) =>
      cohort(number, {
        canary: { ...tally(1, 1), durations: windowOf({ 40: 1 }) },
        stable: { ...tally(3, 2, 1), durations: windowOf({ 50: 2 }) },
        stableConsumers: [tally(2, 1, 1), tally(1, 1)],
      })
    const { looks } = close([measured(1), measured(2)])
    expect(looks).toMatchObject([
      { durations: { canary: { first: 40, counts: [2] }, stable: { first: 50, counts: [4] } } },
    ])
    expect(looks[0]?.dispersion?.observed).toBeCloseTo(2 * 2 * (1 / 3) ** 2, 12)
    expect(close([cohort(1)]).looks).toMatchObject([{ durations: undefined, dispersion: undefined }])
  })
})

describe('open cohorts', () => {
  it('are imputed: pending on the canary succeeded, pending on the stable version failed', () => {
    const open = cohort(1, { canary: tally(5, 1, 1), stable: tally(95, 90, 1) })
    expect(close([open]).briefOpen).toEqual([[1, 1, 5, 1, 95, 5]])
  })

  it('are grouped as they will be when settled', () => {
    const part = (number: number, outcomes: boolean) =>
      cohort(number, { canary: tally(1, outcomes ? 1 : 0), stable: tally(3, 3) })
    const waiting = close([part(1, true), part(2, false), part(3, true), part(4, true)])
    const settled = close([1, 2, 3, 4].map((number) => part(number, true)))
    expect(waiting.brief).toEqual([])
    expect(waiting.briefOpen.map(([first, last]) => [first, last])).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(settled.brief).toEqual(waiting.briefOpen)
  })

  it('are not shown while they may still grow', () => {
    expect(close([cohort(1, { canary: tally(5, 1, 3), ageMs: 1_000 })]).briefOpen).toEqual([])
  })
})

describe('cohorts', () => {
  const anyTally = fc
    .tuple(fc.nat(9), fc.nat(9), fc.nat(9))
    .map(([ok, failed, open]) => tally(ok + failed + open, ok, failed))
  const anyCohorts = fc
    .array(
      fc.record({ canary: anyTally, stable: anyTally, ageMs: fc.nat(20_000), target: fc.constantFrom(0, 0.01, 0.05) }),
    )
    .map((list) => list.map((parts, index) => cohort(index + 1, parts)))

  it('are counted once each, in order, with no stable message lost', () => {
    fc.assert(
      fc.property(anyCohorts, (cohorts) => {
        const { looks, open, state } = close(cohorts)
        const all = [...looks, ...(state.gathered === undefined ? [] : [state.gathered])]
        const counted = cohorts.filter(({ number }) => number <= state.closed)
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
        expect(sum(all.map(({ stable }) => stable.messages))).toBe(sum(counted.map(({ stable }) => stable.dispatched)))
        expect(sum(all.map(({ elapsedMs }) => elapsedMs))).toBe(state.closed * 1_000)
        for (const [index, { first }] of all.entries()) expect(first).toBe((all[index - 1]?.last ?? 0) + 1)
        for (const { canary, stable } of looks.filter((look) => look.canary.messages > 0)) {
          expect(canary.messages).toBeGreaterThanOrEqual(1)
          expect(stable.messages).toBeGreaterThanOrEqual(5)
        }
        // Each open cohort makes one look at most, and a cut one more of what was gathered before.
        expect(open.length).toBeLessThanOrEqual(cohorts.length - counted.length + 1)
      }),
    )
  })
})
