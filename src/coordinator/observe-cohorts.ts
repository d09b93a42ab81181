import type { Tally } from '../core/evidence/cohorts.ts'
import { addWindows, noDurations, windowOf } from '../core/evidence/duration-window.ts'
import type { DurationWindow } from '../core/evidence/duration-window.ts'
import type { CohortFacts } from '../core/rollout/cohort-clock.ts'
import { hasEnded } from '../core/rollout/consumer-report.ts'
import type { CohortReport, ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { Rollout } from '../core/rollout/rollout.ts'

export interface Told {
  readonly reports: readonly ConsumerReport[]
  readonly isAlive: (report: ConsumerReport) => boolean
}

/** Sums up, by cohort, what the consumers of both versions have told; of what is closed already, nothing. */
export function cohortsOf(
  { canary, stable, comparison }: Pick<Rollout, 'canary' | 'stable' | 'comparison'>,
  told: Told,
): Record<number, CohortFacts> {
  const facts: Record<number, Facts> = {}
  const closed = comparison?.clock.progress.closed ?? Infinity
  for (const report of told.reports.filter(({ version }) => version === canary || version === stable)) {
    const isCanary = report.version === canary
    const isLost = isDead(report, told)
    for (const [name, tally] of Object.entries(report.cohorts)) {
      const number = Number(name)
      if (number <= closed) continue
      const known = (facts[number] ??= nothingTold())
      if (isCanary) add(known.canary, isLost ? lost(tally) : tally)
      else addStable(known, isLost ? withoutPending(tally) : tally)
    }
  }
  return facts
}

function isDead(report: ConsumerReport, { isAlive }: Told): boolean {
  return !isAlive(report) && !hasEnded(report)
}

function addStable({ stable, stableConsumers }: Facts, tally: CohortReport): void {
  const { dispatched, succeeded, failed } = tally
  add(stable, tally)
  stableConsumers.push({ dispatched, succeeded, failed })
}

/** What a canary held when it died without signing off has failed: nobody will ever tell its outcome. */
function lost(tally: CohortReport): CohortReport {
  return { ...tally, failed: tally.dispatched - tally.succeeded }
}

/**
 * What a stable consumer held when it died goes back to the queue, and counts for nothing. To wait for its outcome would hold up what is known of the
 * canary; to call it failed would excuse a canary that fails, and a dozen failures at once on one consumer look like clusters.
 */
function withoutPending(tally: CohortReport): CohortReport {
  return { ...tally, dispatched: tally.succeeded + tally.failed }
}

/** In place: many consumers tell of many cohorts at each look. */
function add(sum: Sum, { dispatched, succeeded, failed, durations }: CohortReport): void {
  sum.dispatched += dispatched
  sum.succeeded += succeeded
  sum.failed += failed
  sum.durations = addWindows(sum.durations, windowOf(durations))
}

interface Sum {
  dispatched: number
  succeeded: number
  failed: number
  durations: DurationWindow
}

interface Facts {
  readonly canary: Sum
  readonly stable: Sum
  readonly stableConsumers: Tally[]
}

function nothingTold(): Facts {
  return { canary: noSum(), stable: noSum(), stableConsumers: [] }
}

function noSum(): Sum {
  return { dispatched: 0, succeeded: 0, failed: 0, durations: noDurations }
}
