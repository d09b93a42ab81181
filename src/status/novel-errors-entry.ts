import type { Verdict } from '../core/evidence/metric-state.ts'
import type { NovelErrorsMetric } from '../core/policy/policy.ts'
import { novelErrorsIn, sumOfErrors } from '../core/rollout/novel-errors.ts'
import type { VersionFacts } from '../core/rollout/observation.ts'
import { abortablePhases } from '../core/rollout/rollout.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import type { AnalysisEntry } from './queue-status.ts'
import type { StatusView } from './status-view.ts'

/** Messages that failed on the canary with what the stable version never raised. */
export function novelErrorsEntry(
  view: StatusView,
  rollout: Rollout,
  metric: NovelErrorsMetric,
  evidence: Pick<AnalysisEntry, 'stable' | 'canary'>,
): AnalysisEntry {
  const { verdict, value, why } = judged(view, rollout, metric, evidence.canary.n)
  return {
    metric: metric.name,
    verdict,
    value,
    statistic: null,
    pValue: null,
    bound: metric.failureLimit,
    n: evidence.canary.n,
    ...evidence,
    why: metric.dryRun ? `${why} (dry run: shown only)` : why,
  }
}

interface Judged {
  readonly verdict: Verdict
  readonly value: number | null
  readonly why: string
}

function judged(view: StatusView, rollout: Rollout, { name, failureLimit }: NovelErrorsMetric, n: number): Judged {
  const { phase, errorsBefore } = rollout
  const decision = decisionOf(rollout)
  if (decision?.startsWith(`${name}: `) === true)
    return { verdict: 'failed', value: null, why: decision.slice(name.length + 2) }
  // The reports of the version that goes are removed: what the other raises would look new, or nothing would.
  if (!abortablePhases.includes(phase) && phase !== 'RollingBack')
    return unknown('not counted any more: nothing is judged now')
  if (view.isPartial === true) return unknown('one worker does not know the errors of all')
  if (errorsBefore === undefined) return unknown('nothing was judged yet')
  const { messages, classes } = novelErrorsIn(
    { stable: errorsOf(view, rollout.stable), canary: errorsOf(view, rollout.canary) },
    errorsBefore,
  )
  const within = n > 0 ? 'successful' : 'inconclusive'
  const named = messages === 0 ? '' : ` (${classes.join(', ')})`
  return {
    verdict: messages > failureLimit ? 'failed' : within,
    value: messages,
    why: `${messages} messages failed with what the stable version never raised${named}, limit ${failureLimit}`,
  }
}

/** Why it was taken back, or holds. */
function decisionOf({ phase, why, history }: Rollout): string | undefined {
  if (phase === 'RolledBack') return history.findLast((entry) => entry.phase === 'RollingBack')?.why
  return phase === 'RollingBack' || phase === 'Paused' ? why : undefined
}

function unknown(why: string): Judged {
  return { verdict: 'inconclusive', value: null, why }
}

function errorsOf({ reports }: StatusView, version: string): Pick<VersionFacts, 'errors'> {
  return { errors: sumOfErrors(reports.filter((report) => report.version === version)) }
}
