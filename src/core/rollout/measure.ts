import { measureCeiling } from '../evidence/ceiling.ts'
import { countsSince, firstOutcomes, harmedSince } from '../evidence/counts.ts'
import { measureExternal } from '../evidence/external.ts'
import type { ExternalReading } from '../evidence/external.ts'
import { histogramSince } from '../evidence/histogram.ts'
import { bookMeasurement, openMetric } from '../evidence/metric-progress.ts'
import type { MetricState } from '../evidence/metric-state.ts'
import type { CeilingMetric, ExternalMetric, Policy } from '../policy/policy.ts'
import { livenessMs } from '../liveness.ts'
import { lookup } from '../lookup.ts'
import { considerWeight } from './budgeted-ramp.ts'
import { beginComparison, compare, compares } from './comparison.ts'
import type { ComparedLook, Comparison } from './comparison.ts'
import type { LookEvent } from './event.ts'
import { addStretch } from './expected-failures.ts'
import { exhaustedFor } from './failure-budget.ts'
import { lostWith } from './observation.ts'
import type { Observation } from './observation.ts'
import type { Rollout, Totals } from './rollout.ts'

/** Books one look: clocks, origins, harm, the comparison, and every measurement that is due. */
export function bookLook(rollout: Rollout, policy: Policy, look: LookEvent): Rollout {
  const { sinceMs, inPhaseMs = sinceMs, seen, ratePerMs } = look
  const totals = totalsOf(seen)
  const origin = originOf(rollout, totals)
  const lost = seen.canary.dead.reduce((sum, dead) => sum + lostWith(dead), 0)
  const booked: Booking = {
    ...rollout,
    origin,
    stepOrigin: rollout.stepOrigin ?? totals,
    errorsBefore: rollout.errorsBefore ?? seen.canary.errors,
    latest: totals,
    recountMs: recountFor(rollout, seen, sinceMs),
    elapsedMs: rollout.elapsedMs + sinceMs,
    stepElapsedMs: rollout.stepElapsedMs + inPhaseMs,
    phaseElapsedMs: rollout.phaseElapsedMs + inPhaseMs,
    frozenMs: seen.freeze === undefined ? rollout.frozenMs : (rollout.frozenMs ?? 0) + sinceMs,
    harmed: Math.max(rollout.harmed, harmedSince(totals.canary, origin.canary) + lost),
    lost: Math.max(rollout.lost, lost),
    poison: Math.max(rollout.poison, totals.stable.failedOnBoth - origin.stable.failedOnBoth),
    explained: rollout.phase === 'Initialized' ? undefined : addStretch(rollout.explained, origin, totals),
  }
  booked.exhaustedMs = exhaustedFor(booked, policy, sinceMs)
  booked.comparison = comparisonOf(booked, { policy, seen, ratePerMs, elapsedMs: booked.elapsedMs, sinceMs })
  const ramped = considerWeight(booked, policy, {
    ratePerMs,
    isFrozen: seen.freeze !== undefined,
    stable: seen.stable,
  })
  const metrics = measures(ramped) ? measureDue(ramped, policy, sinceMs, seen) : ramped.metrics
  return metrics === ramped.metrics ? ramped : { ...ramped, metrics }
}

/** One record for all that is known before the judging: a copy for each part would be most of what a look costs. */
type Booking = { -readonly [Key in keyof Rollout]: Rollout[Key] }

/** What the stable version does until the canary may take something is the fate of an earlier canary's messages: nothing is given back for it. */
function originOf({ origin, phase }: Rollout, totals: Totals): Totals {
  if (origin === undefined) return totals
  return phase === 'Initialized' ? { ...origin, stable: totals.stable } : origin
}

/** The living write their reports again, as often as their beat. */
function recountFor({ latest, recountMs = 0 }: Rollout, seen: Observation, sinceMs: number): number | undefined {
  const leftMs = mayMissReports(latest, seen) ? livenessMs : recountMs - sinceMs
  return leftMs > 0 ? leftMs : undefined
}

/** Totals only fall where reports have gone. At the first look it is the version in charge that has left no trace. */
function mayMissReports(latest: Totals | undefined, { stable, canary }: Observation): boolean {
  if (latest === undefined) return stable.live === 0 && stable.counts.taken === 0
  return stable.counts.taken < latest.stable.taken || canary.counts.taken < latest.canary.taken
}

/** Begins with the first step. It goes on while the canary takes nothing, for what it took before. */
function comparisonOf({ phase, comparison, order }: Rollout, look: ComparedLook): Comparison | undefined {
  if (!compares(look.policy)) return comparison
  if (comparison !== undefined) return compare(comparison, look)
  // Cohorts are fewer than writes, so the sequence is above the numbers of all before.
  return phase === 'Initialized' ? beginComparison(look, order.sequence) : undefined
}

export function totalsOf(seen: Observation): Totals {
  return { stable: seen.stable.counts, canary: seen.canary.counts }
}

/** First outcomes of the canary in the running step. */
export function samplesInStep(rollout: Rollout, seen: Observation): number {
  const { stepOrigin } = rollout
  return stepOrigin === undefined ? 0 : firstOutcomes(countsSince(seen.canary.counts, stepOrigin.canary))
}

/** Messages taken in the running step: what shares are made of. */
export function takenInStep(rollout: Rollout, seen: Observation): { readonly canary: number; readonly total: number } {
  const { stepOrigin } = rollout
  if (stepOrigin === undefined) return { canary: 0, total: 0 }
  const canary = Math.max(0, seen.canary.counts.taken - stepOrigin.canary.taken)
  return { canary, total: canary + Math.max(0, seen.stable.counts.taken - stepOrigin.stable.taken) }
}

/** Metrics that give one value at a time, each interval. */
export type IntervalMetric = CeilingMetric | ExternalMetric

export function intervalMetricsOf(policy: Policy): readonly IntervalMetric[] {
  return policy.analysis.metrics.filter((metric) => metric.kind === 'failure-ceiling' || metric.kind === 'external')
}

/** External metrics that are due and have no reading that could be measured: who asks for one now gets it measured once. */
export function wantedReadings(
  rollout: Rollout,
  policy: Policy,
  external: Observation['external'],
): readonly ExternalMetric[] {
  if (!measures(rollout)) return []
  const metrics = policy.analysis.metrics.filter((metric) => metric.kind === 'external')
  return metrics.filter((metric) => {
    const state = lookup(rollout.metrics, metric.name)
    const isWanted = state !== undefined && isDue(metric, state, rollout, policy)
    return isWanted && newReading(metric, state, rollout, external) === undefined
  })
}

/** A canary that takes nothing is not measured. */
function measures(rollout: Rollout): boolean {
  const active =
    rollout.phase === 'Progressing' || rollout.phase === 'WaitingPromotion' || rollout.phase === 'Promoting'
  return active || (rollout.phase === 'Paused' && (rollout.hold === 'step' || rollout.hold === 'operator'))
}

function measureDue(rollout: Rollout, policy: Policy, sinceMs: number, seen: Observation): Rollout['metrics'] {
  const totals = { counts: seen.canary.counts, durations: seen.canary.durations }
  // Nothing that happens before `initialDelay` is over is measured: the window opens then.
  const begun = intervalMetricsOf(policy).filter(({ initialDelayMs }) => rollout.elapsedMs >= initialDelayMs)
  if (begun.length === 0) return rollout.metrics
  const entries = begun.map((metric): readonly [string, MetricState] => {
    const before = lookup(rollout.metrics, metric.name)
    if (before === undefined) return [metric.name, openMetric(totals)]
    const state = { ...before, windowMs: before.windowMs + sinceMs }
    return [metric.name, isDue(metric, state, rollout, policy) ? measured(metric, state, { rollout, seen }) : state]
  })
  return Object.fromEntries(entries)
}

/** A metric from elsewhere stays due until its answer is there. */
function measured(
  metric: IntervalMetric,
  state: MetricState,
  { rollout, seen }: { readonly rollout: Rollout; readonly seen: Observation },
): MetricState {
  const totals = { counts: seen.canary.counts, durations: seen.canary.durations }
  if (metric.kind === 'failure-ceiling')
    return bookMeasurement(state, measureCeiling(metric, sampleOf(state, seen)), totals)
  const reading = newReading(metric, state, rollout, seen.external)
  if (reading === undefined) return state
  return { ...bookMeasurement(state, measureExternal(metric, reading.result), totals), reading: reading.id }
}

/** Neither measured already, nor asked for before the running window or step began: that would tell of something else. */
function newReading(
  { name }: ExternalMetric,
  { reading: measuredLast, windowMs }: MetricState,
  { stepElapsedMs }: Rollout,
  external: Observation['external'],
): ExternalReading | undefined {
  const reading = lookup(external, name)
  if (reading === undefined || reading.id === measuredLast) return undefined
  return reading.ageMs > Math.min(windowMs, stepElapsedMs) ? undefined : reading
}

/** Due each interval, and at the end of a step that saw no measurement yet, so that no step waits for a longer interval. */
function isDue(metric: IntervalMetric, state: MetricState, rollout: Rollout, policy: Policy): boolean {
  if (state.windowMs >= metric.intervalMs) return true
  const step = policy.steps[rollout.step]
  return state.inStep === 0 && step?.kind === 'ramp' && rollout.stepElapsedMs >= step.durationMs
}

function sampleOf(state: MetricState, seen: Observation) {
  return {
    counts: countsSince(seen.canary.counts, state.windowCounts),
    durations: histogramSince(seen.canary.durations, state.windowDurations),
    backlog: seen.backlog,
    oldestAgeMs: seen.oldestAgeMs,
    eventLoopDelayMs: seen.canary.eventLoopDelayMs,
  }
}
