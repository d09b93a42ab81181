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
  /** The most evidence against the canary, and the evidence for it at the end. 1 where there is none. */
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
): { run: Run; timeline: readonly TimelinePoint[] } {
  const moments: Moment[] = []
  const run = simulate(scenario, seed, (moment) => moments.push(moment))
  const last = moments.at(-1)
  const lengthMs = Math.max(1, (last?.rollout.elapsedMs ?? 0) / points)
  const timeline: TimelinePoint[] = []
  let begin = 0
  for (let point = 1; point <= points && begin < moments.length - 1; point++) {
    const found = moments.findIndex(
      ({ rollout }, index) => index > begin && rollout.elapsedMs >= point * lengthMs - 1e-6,
    )
    const end = found === -1 ? moments.length - 1 : found
    timeline.push(pointOf(moments.slice(begin, end + 1)))
    begin = end
  }
  return { run, timeline }
}

function pointOf(moments: readonly Moment[]): TimelinePoint {
  const [first, last] = [moments[0], moments.at(-1)]
  if (first === undefined || last === undefined) throw new RangeError('a point of a timeline needs moments')
  const { rollout } = last
  const canary = last.canary - first.canary
  const total = canary + last.stable - first.stable
  const promotion = rollout.comparison?.judge.promotion?.promotion
  return {
    elapsedMs: rollout.elapsedMs,
    phase: rollout.phase,
    step: rollout.step,
    share: total === 0 ? undefined : (100 * canary) / total,
    evidence: Math.max(...moments.map((moment) => moment.rollout.comparison?.suspicion.evidence ?? 1)),
    proof: promotion === undefined ? 1 : Math.exp(logPromotionEvidence(promotion)),
    harmed: rollout.harmed,
  }
}
