import { addHistograms } from '../core/evidence/histogram.ts'
import type { CohortTally } from '../core/evidence/cohorts.ts'
import type { CohortFacts } from '../core/rollout/cohort-clock.ts'
import type { CohortReport, ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { Rollout } from '../core/rollout/rollout.ts'

export interface Told {
  readonly reports: readonly ConsumerReport[]
  readonly isAlive: (report: ConsumerReport) => boolean
}

/** Sums up, by cohort, what the consumers of both versions have told. */
export function cohortsOf(rollout: Pick<Rollout, 'canary' | 'stable'>, told: Told): Record<number, CohortFacts> {
  const facts: Record<number, CohortFacts> = {}
  for (const report of told.reports.filter(({ version }) => version === rollout.canary || version === rollout.stable)) {
    const isCanary = report.version === rollout.canary
    const isLost = isCanary && isDead(report, told)
    for (const [number, tally] of Object.entries(report.cohorts)) {
      const known = facts[Number(number)] ?? nothingTold
      facts[Number(number)] = isCanary ? withCanary(known, isLost ? lost(tally) : tally) : withStable(known, tally)
    }
  }
  return facts
}

function isDead(report: ConsumerReport, { isAlive }: Told): boolean {
  return !isAlive(report) && report.state !== 'gone' && report.state !== 'drained'
}

function withCanary(facts: CohortFacts, tally: CohortReport): CohortFacts {
  return { ...facts, canary: add(facts.canary, tally) }
}

function withStable(facts: CohortFacts, tally: CohortReport): CohortFacts {
  const { dispatched, succeeded, failed } = tally
  return {
    ...facts,
    stable: add(facts.stable, tally),
    stableConsumers: [...facts.stableConsumers, { dispatched, succeeded, failed }],
  }
}

/** What a canary held when it died without signing off has failed: nobody will ever tell its outcome. */
function lost(tally: CohortReport): CohortReport {
  return { ...tally, failed: tally.dispatched - tally.succeeded }
}

function add(a: CohortTally, b: CohortTally): CohortTally {
  return {
    dispatched: a.dispatched + b.dispatched,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    durations: addHistograms(a.durations ?? {}, b.durations ?? {}),
  }
}

const noTally: CohortTally = { dispatched: 0, succeeded: 0, failed: 0, durations: {} }
const nothingTold: CohortFacts = { canary: noTally, stable: noTally, stableConsumers: [] }
