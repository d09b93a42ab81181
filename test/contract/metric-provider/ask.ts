import type { MetricProvider, ProviderResult } from '../../../src/contracts/metric-provider.ts'
import { settles } from '../../support/eventually.ts'

export const values = { queue: 'orders', version: 'v2', rollout: 'r1', namespace: 'default' }

/** One question; fails where it does not end. */
export function ask(
  provider: MetricProvider,
  signal: AbortSignal = new AbortController().signal,
): Promise<ProviderResult> {
  return settles(provider.measure(values, signal), { what: 'an answer of the provider', deadlineMs: 8_000 })
}
