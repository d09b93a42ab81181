import type { ProviderResult } from '../core/evidence/external.ts'
import type { Provider } from '../core/policy/policy.ts'
import type { TemplateValues } from '../core/policy/query-template.ts'

/**
 * Where the value of an external metric comes from. An adapter is a factory that is given one metric's settings and returns this contract;
 * every adapter passes `test/contract/metric-provider-contract.ts`.
 */
export interface MetricProvider {
  /**
   * Asks once, about one rollout. Never rejects and never throws: what goes wrong is a result, in words that hold no credential, no header
   * and nothing of what the other side sent. Ends within the timeout of its settings whatever the other side does, and at once when the
   * signal aborts. A value is one finite number, and of now; several, none, text and what is older than two minutes are none.
   */
  measure(values: TemplateValues, signal: AbortSignal): Promise<ProviderResult>
}

/** Loads the adapter for a metric. A rejection (no such adapter, a header's variable that is not set) makes the measurement an error. */
export type OpenMetricProvider = (provider: Provider) => Promise<MetricProvider>

export type { Provider, ProviderResult, TemplateValues }
