import { assertNever } from '../assert-never.ts'
import type { ExternalMetric, Range } from '../policy/policy.ts'
import { isWithin } from './ceiling.ts'
import type { Measurement } from './metric-state.ts'

/** What a provider found. `noData`: it answered, and there is no number for this query. `why` is a part of a sentence. */
export type ProviderResult =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'noData'; readonly why: string }
  | { readonly kind: 'error'; readonly why: string }

/** One answer of a provider. */
export interface ExternalReading {
  /** No two answers share it, whoever asked. */
  readonly id: string
  readonly result: ProviderResult
  /** Milliseconds since the question was asked. */
  readonly ageMs: number
}

/** Holds what a provider found against the metric's threshold. Nothing but a finite number ever passes. */
export function measureExternal(metric: ExternalMetric, result: ProviderResult): Measurement {
  switch (result.kind) {
    case 'value':
      return judged(metric, result.value)
    case 'noData':
      return { verdict: 'inconclusive', value: undefined, n: 0, why: `${metric.name}: ${result.why}` }
    case 'error':
      return { verdict: 'error', value: undefined, n: 0, why: `${metric.name}: ${result.why}` }
    default:
      return assertNever(result)
  }
}

function judged({ name, threshold }: ExternalMetric, value: number): Measurement {
  if (!Number.isFinite(value))
    return { verdict: 'error', value: undefined, n: 0, why: `${name}: the provider gave no finite number` }
  const within = isWithin(value, threshold)
  const why = `${name} ${shown(value)} is ${within ? 'within' : 'outside'} ${formatRange(threshold)}`
  return { verdict: within ? 'successful' : 'failed', value, n: 0, why }
}

function formatRange({ min, max }: Range): string {
  if (min === undefined) return `max ${max}`
  return max === undefined ? `min ${min}` : `${min} to ${max}`
}

/** Rounded as far as nobody takes a value for the bound that it is beyond. */
function shown(value: number): string {
  return String(Number(value.toPrecision(6)))
}
