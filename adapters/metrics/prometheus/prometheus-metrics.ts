import type { MetricProvider, ProviderResult } from '../../../src/contracts/metric-provider.ts'
import { escapePromql, fillTemplate } from '../../../src/core/policy/query-template.ts'
import { checkedUrl } from '../request/asking-options.ts'
import type { AskingOptions } from '../request/asking-options.ts'
import { requestJson } from '../request/request-json.ts'
import { refusedQuery, resultIn } from './query-result.ts'

export interface PrometheusMetricsOptions extends AskingOptions {
  /** Of the server, up to `/api`. */
  readonly address: string
  /** PromQL; `{{queue}}`, `{{version}}`, `{{rollout}}` and `{{namespace}}` stand inside double quotes. */
  readonly query: string
  /** Milliseconds since 1970, to tell old samples. @default Date.now */
  readonly wall?: () => number
}

/** One number from an instant query of a Prometheus server, or of whatever speaks its API. Throws `USAGE` for an address that is none. */
export function prometheusMetrics(options: PrometheusMetricsOptions): MetricProvider {
  const { address, query, wall = Date.now, timeoutMs = 10_000 } = options
  const url = checkedUrl(`${address.replace(/\/+$/, '')}/api/v1/query`, 'address')
  return {
    async measure(values, signal): Promise<ProviderResult> {
      // The server gives up too, rather than work for nobody.
      const form = new URLSearchParams({
        query: fillTemplate(query, values, escapePromql),
        timeout: `${timeoutMs}ms`,
      })
      const answer = await requestJson({ url, form }, options, signal)
      if (answer.kind === 'document') return resultIn(answer.document, wall())
      if (answer.kind === 'noData') return answer
      return { kind: 'error', why: `${answer.why}${refusedQuery(answer.document)}` }
    },
  }
}
