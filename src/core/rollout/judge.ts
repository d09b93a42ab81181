import { baselineRate } from '../evidence/baseline.ts'
import { countsSince, harmedIn } from '../evidence/counts.ts'
import { explainEvidence, explainProof, loudest, percent } from '../evidence/explain.ts'
import { evidenceOf } from '../evidence/judge-evidence.ts'
import { explainLoneWorker, loneWorker } from '../evidence/lone-worker.ts'
import { judgeOptionsOf } from '../evidence/judge-options.ts'
import { judgeMetric, letsPass } from '../evidence/metric-progress.ts'
import type { MetricJudgement } from '../evidence/metric-progress.ts'
import { lookup } from '../lookup.ts'
import type { Policy, RampStep } from '../policy/policy.ts'
import { compares, isOutage } from './comparison.ts'
import { blamedFailures, isExhausted, isSpent, openFates } from './failure-budget.ts'
import { intervalMetricsOf, samplesInStep } from './measure.ts'
import { novelErrorsIn } from './novel-errors.ts'
import type { Observation } from './observation.ts'
import type { Rollout } from './rollout.ts'

/**
 * What the evidence so far says of the rollout as a whole. A spent budget comes first: after it no canary message may start. Where one worker bears the
 * failures, that is said, and the canary is judged all the same: nobody else can tell whether the version is at fault.
 */
export type Judgement = MetricJudgement | { readonly kind: 'spent'; readonly why: string }

export function judge(rollout: Rollout, policy: Policy, seen: Observation): Judgement {
  const judgement = verdictOn(rollout, policy, seen)
  if (judgement.kind !== 'spent' && judgement.kind !== 'failed') return judgement
  const lone = loneWorker([...seen.canary.consumers, ...seen.canary.dead])
  return lone === undefined ? judgement : { ...judgement, why: `${judgement.why}; ${explainLoneWorker(lone)}` }
}

function verdictOn(rollout: Rollout, policy: Policy, seen: Observation): Judgement {
  const spent = isSpent(rollout, policy, seen) ? spentBudget(rollout, policy) : undefined
  if (spent !== undefined) return { kind: 'spent', why: spent }
  const worse = worseThanStable(rollout, policy) ?? novelErrors(rollout, policy, seen)
  if (worse !== undefined) return { kind: 'failed', why: worse }
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
export function spentBudget(rollout: Rollout, policy: Policy): string | undefined {
  if (!isExhausted(rollout, policy)) return undefined
  const { unaccounted } = rollout
  const { limits } = policy
  const harmed = blamedFailures(rollout)
  const unseen = unaccounted > 0 ? ` and up to ${unaccounted} more may have, unseen, on consumers that died` : ''
  return `${harmed} messages failed on the canary${unseen}: the failure budget of ${limits.maxFailedMessages} is spent`
}

/** What a ramp step still lacks once its time is over; undefined when it has passed. */
export function lacking(rollout: Rollout, policy: Policy, step: RampStep, seen: Observation): string | undefined {
  const samples = samplesInStep(rollout, seen)
  if (samples < step.minSamples) return `${samples} of ${step.minSamples} samples`
  const failing = failsAlways(rollout, seen)
  if (failing !== undefined) return failing
  const open = outage(rollout) ?? suspected(rollout, policy) ?? unproven(rollout, policy)
  // A ramp that evidence drives ends with the proof; steps end by the clock, and the promotion waits for it.
  return open ?? (policy.ramp === undefined ? undefined : lackOfProof(rollout, policy))
}

/** Few messages, or a small fleet, may not suffice for a comparison; but a version that never succeeded has shown nothing. */
function failsAlways({ origin }: Rollout, { canary }: Observation): string | undefined {
  const outcomes = origin === undefined ? canary.counts : countsSince(canary.counts, origin.canary)
  const harmed = harmedIn(outcomes)
  const succeeded = outcomes.succeeded + outcomes.repeated - outcomes.repeatedFailures
  return harmed > 0 && succeeded <= 0 ? `a success: ${harmed} messages have failed, and none has succeeded` : undefined
}

/** Evidence that the canary is worse than the stable version, as the sentence that decides; undefined without. */
function worseThanStable(rollout: Rollout, policy: Policy): string | undefined {
  return rollout.comparison?.suspicion.rollback === true ? against(rollout, policy, 'enough to roll back') : undefined
}

/** Evidence that does not suffice for a rollback, and is too much to raise the share. */
export function suspected(rollout: Rollout, policy: Policy): string | undefined {
  if (rollout.comparison?.suspicion.suspicious !== true) return undefined
  return against(rollout, policy, 'too much to go on with')
}

function against({ comparison }: Rollout, policy: Policy, verdict: string): string | undefined {
  if (comparison === undefined || !compares(policy)) return undefined
  const evidence = evidenceOf(comparison.judge, judgeOptionsOf(policy.analysis))
  return `${loudest(evidence, comparison.suspicion)}: ${explainEvidence(evidence, comparison.suspicion)}; ${verdict}`
}

/** Why nothing is decided while both versions are in trouble; undefined when they are not. */
export function outage({ comparison }: Rollout): string | undefined {
  if (comparison === undefined || !isOutage(comparison)) return undefined
  const { recent, judge: known } = comparison
  const rates = `${percent(baselineRate(recent))} of its messages, ${percent(baselineRate(known.start))} when the rollout began`
  return `the stable version itself fails ${rates}: nothing is decided until that is over`
}

/**
 * What a promotion lacks of proof that the canary is not worse by the margin; undefined where it is there, or waived. Without a ramp the canary
 * takes everything at once: there is nothing to compare it with.
 */
export function lackOfProof({ comparison }: Rollout, { analysis, steps }: Policy): string | undefined {
  const metric = analysis.metrics.find((each) => each.kind === 'failures')
  const isRamped = steps.some(({ kind }) => kind === 'ramp')
  if (metric === undefined || metric.promoteWithoutProof || metric.dryRun || !isRamped) return undefined
  if (comparison === undefined) return 'failures: nothing was compared'
  const evidence = evidenceOf(comparison.judge, judgeOptionsOf(analysis))
  return evidence.proven ? undefined : `${metric.name}: ${explainProof(evidence)}`
}

/**
 * Errors of the canary that the stable version never raised, where the policy bounds them. What it has yet to handle may turn out to raise them
 * there too: then they are not new.
 */
function novelErrors(rollout: Rollout, { analysis }: Policy, seen: Observation): string | undefined {
  const metric = analysis.metrics.find(({ kind }) => kind === 'novel-errors')
  if (metric === undefined || metric.dryRun) return undefined
  const { messages, classes } = novelErrorsIn(seen, rollout.errorsBefore)
  if (messages - openFates(rollout, seen) <= metric.failureLimit) return undefined
  return `${metric.name}: ${messages} messages failed with what the stable version never raised (${classes.join(', ')}), limit ${metric.failureLimit}`
}

/** Why the metrics do not let a step pass; undefined when each one's newest measurement in the step is successful. */
export function unproven(rollout: Rollout, policy: Policy): string | undefined {
  const open = intervalMetricsOf(policy).find((metric) => !letsPass(metric, lookup(rollout.metrics, metric.name)))
  if (open === undefined) return undefined
  const state = lookup(rollout.metrics, open.name)
  if (state === undefined || state.inStep === 0) return `${open.name} has no measurement in this step`
  return state.last?.why
}
