import { judgeMetric, letsPass } from '../evidence/metric-progress.ts'
import type { MetricJudgement } from '../evidence/metric-progress.ts'
import { lookup } from '../lookup.ts'
import type { Policy, RampStep } from '../policy/policy.ts'
import { intervalMetricsOf, samplesInStep } from './measure.ts'
import type { Observation } from './observation.ts'
import type { Rollout } from './rollout.ts'

/** What the evidence so far says of the rollout as a whole. A spent budget comes first: after it no canary message may start. */
export type Judgement = MetricJudgement | { readonly kind: 'spent'; readonly why: string }

export function judge(rollout: Rollout, policy: Policy): Judgement {
  const spent = spentBudget(rollout, policy)
  if (spent !== undefined) return { kind: 'spent', why: spent }
  const judgements = intervalMetricsOf(policy).map((metric): MetricJudgement => {
    const state = lookup(rollout.metrics, metric.name)
    return state === undefined ? { kind: 'holds' } : judgeMetric(metric, state)
  })
  return (
    judgements.find(({ kind }) => kind === 'failed') ??
    judgements.find(({ kind }) => kind === 'inconclusive') ?? { kind: 'holds' }
  )
}

/** Why no canary message may start any more; undefined while the failure budget lasts. */
export function spentBudget({ harmed, unaccounted }: Rollout, { limits }: Policy): string | undefined {
  if (harmed + unaccounted < limits.maxFailedMessages) return undefined
  const unseen = unaccounted > 0 ? ` and up to ${unaccounted} more may have, unseen, on consumers that died` : ''
  return `${harmed} messages failed on the canary${unseen}: the failure budget of ${limits.maxFailedMessages} is spent`
}

/** What a ramp step still lacks once its time is over; undefined when it has passed. */
export function lacking(rollout: Rollout, policy: Policy, step: RampStep, seen: Observation): string | undefined {
  const samples = samplesInStep(rollout, seen)
  if (samples < step.minSamples) return `${samples} of ${step.minSamples} samples`
  return unproven(rollout, policy)
}

/** Why the metrics do not let a step pass; undefined when each one's newest measurement in the step is successful. */
export function unproven(rollout: Rollout, policy: Policy): string | undefined {
  const open = intervalMetricsOf(policy).find((metric) => !letsPass(metric, lookup(rollout.metrics, metric.name)))
  if (open === undefined) return undefined
  const state = lookup(rollout.metrics, open.name)
  if (state === undefined || state.inStep === 0) return `${open.name} has no measurement in this step`
  return state.last?.why
}
