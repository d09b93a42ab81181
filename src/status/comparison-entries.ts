import { explainEvidence, explainProof, loudest } from '../core/evidence/explain.ts'
import { evidenceOf } from '../core/evidence/judge-evidence.ts'
import type { Evidence } from '../core/evidence/judge-evidence.ts'
import { judgeOptionsOf } from '../core/evidence/judge-options.ts'
import type { Verdict } from '../core/evidence/metric-state.ts'
import type { Analysis, Metric } from '../core/policy/policy.ts'
import type { Comparison } from '../core/rollout/comparison.ts'
import type { AnalysisEntry } from './queue-status.ts'

/** What comparing the canary with the stable version shows, one entry for each metric that compares. */
export function comparisonEntries(analysis: Analysis, comparison: Comparison | undefined): readonly AnalysisEntry[] {
  const metrics = analysis.metrics.filter(({ kind }) => kind === 'failures' || kind === 'latency')
  if (comparison === undefined)
    return metrics.map((metric) =>
      entry(metric, { verdict: 'inconclusive', why: 'nothing was compared yet' }, nothingShown),
    )
  const evidence = evidenceOf(comparison.judge, judgeOptionsOf(analysis))
  const shown = shownOf(evidence, comparison)
  return metrics.map((metric) => {
    const judge = metric.kind === 'failures' ? failures : latency
    return entry(metric, judge(evidence, comparison), shown)
  })
}

interface Judged {
  readonly verdict: Verdict
  readonly why: string
  readonly value?: number | null
}

/** Proven is better than merely not suspected. */
function failures(evidence: Evidence, comparison: Comparison): Judged {
  const { canaryRate: value = null, proven } = evidence
  const against = accusation(evidence, comparison, 'failures')
  if (against !== undefined) return { ...against, value }
  return { verdict: proven ? 'successful' : 'inconclusive', value, why: explainProof(evidence) }
}

function latency(evidence: Evidence, comparison: Comparison): Judged {
  const against = accusation(evidence, comparison, 'latency')
  if (against !== undefined) return against
  const verdict = evidence.canary.messages === 0 ? 'inconclusive' : 'successful'
  return { verdict, why: `evidence ${Number(evidence.latency.toPrecision(2))} that it is slower beyond the tolerance` }
}

/** The metric that speaks loudest bears what all of them show together. */
function accusation(evidence: Evidence, { suspicion }: Comparison, metric: string): Judged | undefined {
  if (loudest(evidence, suspicion) !== metric || !(suspicion.rollback || suspicion.suspicious)) return undefined
  return { verdict: suspicion.rollback ? 'failed' : 'inconclusive', why: explainEvidence(evidence, suspicion) }
}

function entry({ name, dryRun }: Metric, { verdict, why, value = null }: Judged, shown: Shown): AnalysisEntry {
  return { metric: name, verdict, value, ...shown, why: dryRun ? `${why} (dry run: shown only)` : why }
}

type Shown = Omit<AnalysisEntry, 'metric' | 'verdict' | 'value' | 'why'>

function shownOf({ needed, pValue, canary, stable }: Evidence, { suspicion }: Comparison): Shown {
  return {
    statistic: suspicion.evidence,
    bound: needed,
    pValue,
    n: canary.messages,
    stable: { n: stable.messages, failed: stable.failed },
    canary: { n: canary.messages, failed: canary.failed },
  }
}

const nothing = { n: 0, failed: 0 }
const nothingShown: Shown = { statistic: null, bound: null, pValue: null, n: 0, stable: nothing, canary: nothing }
