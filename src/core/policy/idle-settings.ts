import type { Warning } from './assumed.ts'
import { defaultLimits } from './metric-limits.ts'
import type { Metric, Policy } from './policy.ts'

/** Settings that say something and do nothing: what is compared at each look has no measurements to space out or to count. */
export function idleSettings({ analysis }: Policy): readonly Warning[] {
  const usual = { ...defaultLimits, intervalMs: analysis.intervalMs }
  return analysis.metrics.flatMap((metric, index) =>
    idleKeys(metric)
      .filter(([, key]) => metric[key] !== usual[key])
      .map(([name]) => ({
        path: `analysis.metrics[${index}].${name}`,
        text: `it does nothing for ${metric.kind}, which is judged at each look; take it out`,
      })),
  )
}

type IdleKey = readonly [name: string, key: 'intervalMs' | keyof typeof defaultLimits]

const ofMeasurements: readonly IdleKey[] = [
  ['interval', 'intervalMs'],
  ['initialDelay', 'initialDelayMs'],
  ['inconclusiveLimit', 'inconclusiveLimit'],
  ['consecutiveErrorLimit', 'consecutiveErrorLimit'],
]

function idleKeys({ kind }: Metric): readonly IdleKey[] {
  if (kind === 'failure-ceiling' || kind === 'external') return []
  return kind === 'novel-errors' ? ofMeasurements : [...ofMeasurements, ['failureLimit', 'failureLimit']]
}
