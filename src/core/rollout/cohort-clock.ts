import { openCohorts } from '../evidence/cohorts.ts'
import type { Cohort, CohortState, CohortTally, Tally } from '../evidence/cohorts.ts'
import { noDurations } from '../evidence/duration-window.ts'

/**
 * Numbers the intervals in which messages begin, so that outcomes can be told apart by when their handling began. Consumers read the current
 * number from the document and count under it.
 */
export interface CohortClock {
  readonly current: OpenCohort
  /** Those that are over and not closed, oldest first. */
  readonly ended: readonly EndedCohort[]
  readonly progress: CohortState
}

export interface OpenCohort {
  readonly number: number
  /** On the rollout's own clock. */
  readonly begunMs: number
  /** The canary's target share in it, as a fraction of one. */
  readonly target: number
}

export interface EndedCohort {
  readonly number: number
  readonly endedMs: number
  readonly target: number
}

/** What consumers have told of one cohort, summed up. */
export interface CohortFacts {
  readonly canary: CohortTally
  readonly stable: CohortTally
  readonly stableConsumers: readonly Tally[]
}

/** More than this many are not told apart: while handlers take long, cohorts get longer. */
const mostEnded = 60
/** Above a message each millisecond, cohorts are this long at most. */
const busyLengthMs = 100
const busyRatePerMs = 1

export function cohortLength(intervalMs: number, ratePerMs: number): number {
  return ratePerMs > busyRatePerMs ? Math.min(intervalMs, busyLengthMs) : intervalMs
}

/**
 * The first cohort belongs to nobody: the canary takes nothing yet. Its number has to be above all of earlier rollouts: who died in one of them
 * still has a report, and tells of its cohorts.
 */
export function startClock(elapsedMs: number, first: number): CohortClock {
  return { current: { number: first, begunMs: elapsedMs, target: 0 }, ended: [], progress: openCohorts(first) }
}

/** What has begun so far counts for nothing. */
export function forgetBegun(clock: CohortClock): CohortClock {
  return { ...clock, ended: [], progress: openCohorts(clock.current.number + 1) }
}

/** Begins the next cohort when the current one is long enough, or when the share changes: nothing is compared across a change. */
export function turnClock(
  clock: CohortClock,
  { elapsedMs, target, lengthMs }: { readonly elapsedMs: number; readonly target: number; readonly lengthMs: number },
): CohortClock {
  const { current, ended } = clock
  const isOver = elapsedMs - current.begunMs >= lengthMs && ended.length < mostEnded
  if (!isOver && current.target === target) return clock
  return {
    ...clock,
    current: { number: current.number + 1, begunMs: elapsedMs, target },
    ended: [...ended, { number: current.number, endedMs: elapsedMs, target: current.target }],
  }
}

/**
 * Begins the next cohort, and leaves the current one out. Nobody granted the canary anything in a part of it, while the stable version went on:
 * what happened then (an outage that stopped the coordinator as well) would be held against one of them alone.
 */
export function leaveOut(
  clock: CohortClock,
  { elapsedMs, target }: { readonly elapsedMs: number; readonly target: number },
): CohortClock {
  return { ...clock, current: { number: clock.current.number + 1, begunMs: elapsedMs, target } }
}

/** The cohorts that are over and not closed, as the judge takes them. */
export function endedCohorts(
  { ended }: CohortClock,
  facts: Readonly<Record<number, CohortFacts>>,
  { elapsedMs, lengthMs }: { readonly elapsedMs: number; readonly lengthMs: number },
): readonly Cohort[] {
  return ended.map(({ number, endedMs, target }) => {
    return { number, ageMs: elapsedMs - endedMs + lengthMs, target, ...(facts[number] ?? nothingBegun) }
  })
}

/** Forgets what is closed. */
export function closeUpTo(clock: CohortClock, progress: CohortState): CohortClock {
  return { ...clock, ended: clock.ended.filter(({ number }) => number > progress.closed), progress }
}

const noTally = { dispatched: 0, succeeded: 0, failed: 0, durations: noDurations }
const nothingBegun: CohortFacts = { canary: noTally, stable: noTally, stableConsumers: [] }
