import { logPromotionEvidence } from '../core/evidence/promotion-test.ts'
import type { Phase } from '../core/rollout/rollout.ts'
import type { Scenario } from './scenario.ts'
import { simulate } from './simulation.ts'
import type { Moment, Run } from './simulation.ts'

/** A run between two moments, to be drawn. */
export interface TimelinePoint {
  /** At its end. */
  readonly elapsedMs: number
  readonly phase: Phase
  readonly step: number
  /** Percent of the messages that the canary took; undefined where there were none. */
  readonly share: number | undefined
  /** The most evidence against the canary, at least 1; and the evidence for it at the end, 1 where there is none. */
  readonly evidence: number
  readonly proof: number
  /** So far. */
  readonly harmed: number
}

/** The run of this seed once more, as at most so many points of equal length. */
export function timelineOf(
  scenario: Scenario,
  seed: number,
  points: number,
): { readonly run: Run; readonly timeline: readonly TimelinePoint[] } {
  // Once for its length, and once for its course: a long run has more looks than there is room for.
  const { elapsedMs } = simulate(scenario, seed)
  const timeline: TimelinePoint[] = []
  let begun: Moment | undefined
  let evidence = 1
  const run = simulate(scenario, seed, (moment) => {
    evidence = Math.max(evidence, moment.rollout.comparison?.suspicion.evidence ?? 1)
    const isOver = moment.rollout.elapsedMs >= ((timeline.length + 1) * elapsedMs) / points - rounding
    if (begun !== undefined && isOver) timeline.push(pointOf(begun, moment, evidence))
    if (begun === undefined || isOver) {
      begun = moment
      evidence = 1
    }
  })
  return { run, timeline }
}

/** Of a millisecond. */
const rounding = 1e-6

function pointOf(first: Moment, last: Moment, evidence: number): TimelinePoint {
  const { rollout } = last
  const canary = last.canary - first.canary
  const total = canary + last.stable - first.stable
  const promotion = rollout.comparison?.judge.promotion?.promotion
  return {
    elapsedMs: rollout.elapsedMs,
    phase: rollout.phase,
    step: rollout.step,
    share: total === 0 ? undefined : (100 * canary) / total,
    evidence,
    proof: promotion === undefined ? 1 : Math.exp(logPromotionEvidence(promotion)),
    harmed: rollout.harmed,
  }
}
