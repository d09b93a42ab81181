import { judgeMetric, letsPass } from '../evidence/metric-progress.ts'
import type { MetricJudgement } from '../evidence/metric-progress.ts'
import type { Policy, RampStep } from '../policy/policy.ts'
import { ceilingsOf, samplesInStep } from './measure.ts'
import type { Observation } from './observation.ts'
import type { Rollout } from './rollout.ts'

/** What the evidence so far says of the rollout as a whole. A spent budget comes first: after it no canary message may start. */
export type Judgement = MetricJudgement | { readonly kind: 'spent'; readonly why: string }

export function judge(rollout: Rollout, policy: Policy): Judgement {
  const { maxFailedMessages } = policy.limits
  if (rollout.harmed >= maxFailedMessages) {
    return {
      kind: 'spent',
      why: `${rollout.harmed} messages failed on the canary: the failure budget of ${maxFailedMessages} is spent`,
    }
  }
  const judgements = ceilingsOf(policy).map((metric): MetricJudgement => {
    const state = rollout.metrics[metric.name]
    return state === undefined ? { kind: 'holds' } : judgeMetric(metric, state)
  })
  return (
    judgements.find(({ kind }) => kind === 'failed') ??
    judgements.find(({ kind }) => kind === 'inconclusive') ?? { kind: 'holds' }
  )
}

/** What a ramp step still lacks once its time is over; undefined when it has passed. */
export function lacking(rollout: Rollout, policy: Policy, step: RampStep, seen: Observation): string | undefined {
  const samples = samplesInStep(rollout, seen)
  if (samples < step.minSamples) return `${samples} of ${step.minSamples} samples`
  const open = ceilingsOf(policy).find((metric) => !letsPass(metric, rollout.metrics[metric.name]))
  if (open === undefined) return undefined
  return rollout.metrics[open.name]?.last?.why ?? `${open.name} has no measurement yet`
}
