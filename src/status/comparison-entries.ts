import { explainProof, explainVerdict } from '../core/evidence/explain.ts'
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
  if (comparison === undefined) return metrics.map((metric) => entry(metric, { verdict: 'inconclusive', why: notYet }))
  const evidence = evidenceOf(comparison.judge, judgeOptionsOf(analysis))
  return metrics.map((metric) =>
    metric.kind === 'failures'
      ? entry(metric, { ...failures(evidence, comparison), evidence })
      : entry(metric, { ...latency(evidence, comparison), evidence }),
  )
}

const notYet = 'nothing was compared yet'

interface Judged {
  readonly verdict: Verdict
  readonly why: string
  readonly value?: number | null
  readonly statistic?: number | null
  readonly evidence?: Evidence
}

/** Proven is better than merely not suspected. */
function failures(evidence: Evidence, { suspicion }: Comparison): Judged {
  const { canaryRate: value = null, failures: statistic } = evidence
  if (suspicion.rollback || suspicion.suspicious) {
    const verdict = suspicion.rollback ? 'failed' : 'inconclusive'
    return { verdict, value, statistic, why: explainVerdict(evidence, suspicion) }
  }
  const verdict = evidence.proven ? 'successful' : 'inconclusive'
  return { verdict, value, statistic, why: explainProof(evidence) }
}

function latency(evidence: Evidence, { suspicion }: Comparison): Judged {
  const statistic = evidence.latency
  const verdict = latencyVerdict(evidence, suspicion.rollback)
  return {
    verdict,
    statistic,
    why: `evidence that the canary is slower beyond the tolerance: ${Number(statistic.toPrecision(3))}`,
  }
}

function latencyVerdict({ latency: strength, failures: other, canary }: Evidence, rollsBack: boolean): Verdict {
  if (rollsBack && strength > other) return 'failed'
  return canary.messages === 0 ? 'inconclusive' : 'successful'
}

function entry(
  { name, dryRun }: Metric,
  { verdict, why, value = null, statistic = null, evidence }: Judged,
): AnalysisEntry {
  return {
    metric: name,
    verdict,
    value,
    statistic,
    ...(evidence === undefined ? nothingCompared : sides(evidence)),
    why: dryRun ? `${why} (dry run: shown only)` : why,
  }
}

function sides({ needed: bound, pValue, canary, stable }: Evidence) {
  return {
    bound,
    pValue,
    n: canary.messages,
    stable: { n: stable.messages, failed: stable.failed },
    canary: { n: canary.messages, failed: canary.failed },
  }
}

const nothingCompared = { bound: null, pValue: null, n: 0, stable: { n: 0, failed: 0 }, canary: { n: 0, failed: 0 } }
