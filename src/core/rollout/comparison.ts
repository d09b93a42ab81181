import { baselineRate, keptOver, leastRate, mostRate } from '../evidence/baseline.ts'
import type { Baseline } from '../evidence/baseline.ts'
import { addAttempts } from '../evidence/cohort-look.ts'
import { cohortRules } from '../evidence/cohort-rules.ts'
import { closeCohorts } from '../evidence/cohorts.ts'
import { failedIn, firstOutcomes } from '../evidence/counts.ts'
import { fuseFor } from '../evidence/fuse.ts'
import type { Fuse } from '../evidence/fuse.ts'
import { shrink } from '../evidence/histogram.ts'
import { suspicionOf } from '../evidence/judge-evidence.ts'
import type { Suspicion } from '../evidence/judge-evidence.ts'
import { judgeOptionsOf } from '../evidence/judge-options.ts'
import { judgeAnew, observeLook, openJudge } from '../evidence/judge-state.ts'
import type { JudgeState } from '../evidence/judge-state.ts'
import type { Policy } from '../policy/policy.ts'
import { closeUpTo, cohortLength, endedCohorts, forgetBegun, startClock } from './cohort-clock.ts'
import type { CohortClock } from './cohort-clock.ts'
import type { Observation } from './observation.ts'

/** The canary held against the stable version: what the judge remembers, and the cohorts that it waits for. Written with each decision. */
export interface Comparison {
  readonly judge: JudgeState
  readonly clock: CohortClock
  /** At the last look, with what the open cohorts show already. */
  readonly suspicion: Suspicion
  /** The stable version's outcomes in the last seconds. */
  readonly recent: Baseline
}

export interface ComparedLook {
  readonly policy: Policy
  readonly seen: Observation
  /** Messages of the queue per millisecond. */
  readonly ratePerMs: number
  /** On the rollout's own clock. */
  readonly elapsedMs: number
  /** Since the look before. */
  readonly sinceMs: number
}

/** From the moment when a cohort ends to the moment when all have learnt of it and their reports are here. */
const reportDelayMs = 500
/** Of what the stable version did before the rollout, this many messages at most: it stands for the last minutes, not for a year. */
const mostHistory = 20_000
const recentHalfLifeMs = 10_000

/** Whether the policy compares at all. */
export function compares({ analysis }: Policy): boolean {
  return analysis.metrics.some(({ kind }) => kind === 'failures' || kind === 'latency')
}

/** `firstCohort`: a number that no rollout of this queue has used. */
export function beginComparison(
  { policy, seen, elapsedMs }: Pick<ComparedLook, 'policy' | 'seen' | 'elapsedMs'>,
  firstCohort: number,
): Comparison {
  const options = judgeOptionsOf(policy.analysis)
  const { counts, durations } = seen.stable
  const part = Math.min(1, mostHistory / Math.max(1, firstOutcomes(counts)))
  const stable = { messages: firstOutcomes(counts) * part, failed: failedIn(counts) * part }
  const judge = openJudge(options, { stable, durations: shrink(durations, mostHistory) })
  return {
    judge,
    clock: startClock(elapsedMs, firstCohort),
    suspicion: suspicionOf(judge, [], options),
    recent: { messages: 0, failed: 0 },
  }
}

/** One look: takes in every cohort that has settled, and what the others show already. */
export function compare(before: Comparison, { policy, seen, ratePerMs, elapsedMs, sinceMs }: ComparedLook): Comparison {
  const options = judgeOptionsOf(policy.analysis)
  const rules = cohortRules({
    cohortMs: cohortLength(policy.analysis.intervalMs, ratePerMs),
    reportDelayMs,
    handlerTimeoutMs: seen.handlerTimeoutMs,
    stableSlots: seen.stable.capacity,
  })
  const cohorts = endedCohorts(before.clock, seen.cohorts, { elapsedMs, lengthMs: rules.cohortMs })
  const { state, looks, open } = closeCohorts(before.clock.progress, cohorts, rules)
  const judge = looks.reduce((known, next) => observeLook(known, next, options), before.judge)
  return {
    ...before,
    judge,
    // Fades also while no look is whole: an outage is over when nothing tells of it any more.
    recent: looks.reduce((known, { stable }) => addAttempts(known, stable), faded(before.recent, sinceMs)),
    clock: closeUpTo(before.clock, state),
    suspicion: suspicionOf(judge, open, options),
  }
}

function faded({ messages, failed }: Baseline, sinceMs: number): Baseline {
  const kept = keptOver(sinceMs, recentHalfLifeMs)
  return { messages: kept * messages, failed: kept * failed }
}

/** The evidence is given up, that of messages under way as well. What is known of the stable version is not. */
export function compareAnew(comparison: Comparison): Comparison {
  const judge = judgeAnew(comparison.judge)
  const clock = forgetBegun(comparison.clock)
  return { ...comparison, judge, clock, suspicion: { evidence: 1, rollback: false, suspicious: false } }
}

/** What each canary consumer stops by on its own; undefined where the policy does not judge failures. */
export function fuseOf({ judge, recent }: Comparison, { analysis }: Policy): Fuse | undefined {
  const failures = analysis.metrics.find((metric) => metric.kind === 'failures')
  if (failures === undefined || failures.dryRun) return undefined
  const stableRate = Math.max(baselineRate(judge.baseline), baselineRate(recent))
  const { significanceLevel } = analysis
  return fuseFor({ stableRate, rollbackMargin: failures.rollbackMargin, significanceLevel })
}

const outageFactor = 3
/** Below this, a few failures more are no outage. */
const leastStartRate = 0.005

/**
 * True while the stable version itself fails far more than it did at the start: what breaks both says nothing of the canary. A few messages tell
 * little of either rate, and what could be chance is no outage.
 */
export function isOutage({ recent, judge }: Comparison): boolean {
  return leastRate(recent) > outageFactor * Math.max(leastStartRate, mostRate(judge.start))
}
