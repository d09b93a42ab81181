import { measureCeiling } from '../evidence/ceiling.ts'
import { countsSince, firstOutcomes, harmedIn } from '../evidence/counts.ts'
import { histogramSince } from '../evidence/histogram.ts'
import { bookMeasurement, openMetric } from '../evidence/metric-progress.ts'
import type { MetricState } from '../evidence/metric-state.ts'
import type { CeilingMetric, Policy } from '../policy/policy.ts'
import { lookup } from '../lookup.ts'
import { lostWith } from './observation.ts'
import type { Observation } from './observation.ts'
import type { Rollout, Totals } from './rollout.ts'

/** Books one look: clocks, origins, harm, and every measurement that is due. */
export function bookLook(rollout: Rollout, policy: Policy, sinceMs: number, seen: Observation): Rollout {
  const totals = totalsOf(seen)
  const origin = rollout.origin ?? totals
  const lost = seen.canary.dead.reduce((sum, dead) => sum + lostWith(dead), 0)
  const aged: Rollout = {
    ...rollout,
    origin,
    stepOrigin: rollout.stepOrigin ?? totals,
    latest: totals,
    elapsedMs: rollout.elapsedMs + sinceMs,
    stepElapsedMs: rollout.stepElapsedMs + sinceMs,
    phaseElapsedMs: rollout.phaseElapsedMs + sinceMs,
    harmed: Math.max(rollout.harmed, harmedIn(countsSince(totals.canary, origin.canary)) + lost),
    lost: Math.max(rollout.lost, lost),
  }
  return measures(aged) ? { ...aged, metrics: measureDue(aged, policy, sinceMs, seen) } : aged
}

export function totalsOf(seen: Observation): Totals {
  return { stable: seen.stable.counts, canary: seen.canary.counts }
}

/** First outcomes of the canary in the running step. */
export function samplesInStep(rollout: Rollout, seen: Observation): number {
  return rollout.stepOrigin === undefined
    ? 0
    : firstOutcomes(countsSince(seen.canary.counts, rollout.stepOrigin.canary))
}

/** Messages taken in the running step: what shares are made of. */
export function takenInStep(rollout: Rollout, seen: Observation): { readonly canary: number; readonly total: number } {
  if (rollout.stepOrigin === undefined) return { canary: 0, total: 0 }
  const canary = countsSince(seen.canary.counts, rollout.stepOrigin.canary).taken
  return { canary, total: canary + countsSince(seen.stable.counts, rollout.stepOrigin.stable).taken }
}

export function ceilingsOf(policy: Policy): readonly CeilingMetric[] {
  return policy.analysis.metrics.filter((metric) => metric.kind === 'failure-ceiling')
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
  const begun = ceilingsOf(policy).filter(({ initialDelayMs }) => rollout.elapsedMs >= initialDelayMs)
  const entries = begun.map((metric): readonly [string, MetricState] => {
    const before = lookup(rollout.metrics, metric.name)
    if (before === undefined) return [metric.name, openMetric(totals)]
    const state = { ...before, windowMs: before.windowMs + sinceMs }
    if (!isDue(metric, state, rollout, policy)) return [metric.name, state]
    return [metric.name, bookMeasurement(state, measureCeiling(metric, sampleOf(state, seen)), totals)]
  })
  return Object.fromEntries(entries)
}

/** Due each interval, and at the end of a step that saw no measurement yet, so that no step waits for a longer interval. */
function isDue(metric: CeilingMetric, state: MetricState, rollout: Rollout, policy: Policy): boolean {
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
