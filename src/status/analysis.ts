import { countsSince, failedIn, firstOutcomes, harmedIn } from '../core/evidence/counts.ts'
import { explainLoneWorker, loneWorker } from '../core/evidence/lone-worker.ts'
import type { Measurement } from '../core/evidence/metric-state.ts'
import type { Policy } from '../core/policy/policy.ts'
import { explainedFailures } from '../core/rollout/expected-failures.ts'
import { isExhausted } from '../core/rollout/failure-budget.ts'
import { intervalMetricsOf } from '../core/rollout/measure.ts'
import type { IntervalMetric } from '../core/rollout/measure.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import { comparisonEntries } from './comparison-entries.ts'
import { novelErrorsEntry } from './novel-errors-entry.ts'
import type { AnalysisEntry } from './queue-status.ts'
import type { StatusView } from './status-view.ts'

/** The failure budget, what the comparison shows, errors that are new, then each metric that is measured at intervals: verdict, value, and the sentence behind it. */
export function analysisOf(view: StatusView): readonly AnalysisEntry[] {
  const { policy } = view
  const { rollout } = view.state
  if (rollout === undefined || policy === undefined) return []
  const evidence = { stable: outcomes(view, rollout, 'stable'), canary: outcomes(view, rollout, 'canary') }
  return [
    budget(view, rollout, policy, evidence),
    ...comparisonEntries(policy.analysis, rollout.comparison),
    ...policy.analysis.metrics.flatMap((metric) =>
      metric.kind === 'novel-errors' ? novelErrorsEntry(view, rollout, metric, evidence) : [],
    ),
    ...intervalMetricsOf(policy).map((metric) => measured(rollout, metric, evidence)),
  ]
}

interface Evidence {
  readonly stable: Outcomes
  readonly canary: Outcomes
}

interface Outcomes {
  readonly n: number
  readonly failed: number
}

function outcomes(view: StatusView, rollout: Rollout, role: 'stable' | 'canary'): Outcomes {
  const { origin } = rollout
  if (origin === undefined) return { n: 0, failed: 0 }
  const counts = countsSince(view.totals(rollout[role]), origin[role])
  return { n: firstOutcomes(counts), failed: failedIn(counts) }
}

/** No message handled is no success: the verdict is inconclusive until there is one. */
function budget(view: StatusView, rollout: Rollout, policy: Policy, evidence: Evidence): AnalysisEntry {
  const { harmed, lost, poison } = rollout
  const { maxFailedMessages } = policy.limits
  const within = evidence.canary.n > 0 ? 'successful' : 'inconclusive'
  const dead = lost === 0 ? '' : `, ${lost} of them held by a consumer that died`
  const both = poison === 0 ? '' : `, ${poison} of them on the stable version too`
  const expected = explainedFailures(rollout)
  const usual = expected === 0 ? '' : `; the stable version's own rate explains ${expected}`
  return {
    metric: 'failure-budget',
    verdict: isExhausted(rollout, policy) ? 'failed' : within,
    value: harmed,
    ...notCompared,
    bound: maxFailedMessages,
    ...evidence,
    n: evidence.canary.n,
    why: `${harmed} of at most ${maxFailedMessages} messages failed on the canary, of n=${evidence.canary.n}${dead}${both}${usual}${aloneIn(view, rollout)}`,
  }
}

function aloneIn({ reports }: StatusView, { canary }: Rollout): string {
  const shares = reports
    .filter(({ version }) => version === canary)
    .map(({ id, counts }) => ({ id, taken: counts.taken, harmed: harmedIn(counts) }))
  const lone = loneWorker(shares)
  return lone === undefined ? '' : `; ${explainLoneWorker(lone)}`
}

function measured(rollout: Rollout, metric: IntervalMetric, evidence: Evidence): AnalysisEntry {
  const state = Object.hasOwn(rollout.metrics, metric.name) ? rollout.metrics[metric.name] : undefined
  const { last = nothingMeasured, failed = 0 } = state ?? {}
  const failures = failed === 0 ? '' : `; failed measurements: ${failed}, limit ${metric.failureLimit}`
  const dry = metric.dryRun ? ' (dry run: shown only)' : ''
  return {
    metric: metric.name,
    verdict: last.verdict,
    value: last.value ?? null,
    ...notCompared,
    bound: metric.threshold.max ?? metric.threshold.min ?? null,
    ...evidence,
    n: last.n,
    why: `${last.why}${failures}${dry}`,
  }
}

const notCompared = { statistic: null, pValue: null }
const nothingMeasured: Measurement = { verdict: 'inconclusive', value: undefined, n: 0, why: 'no measurement yet' }
