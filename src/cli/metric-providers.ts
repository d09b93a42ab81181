import type { MetricProvider, OpenMetricProvider } from '../contracts/metric-provider.ts'
import type { AskingSettings, HttpSettings, PrometheusSettings } from '../core/policy/policy.ts'
import { QueueCanaryError } from '../errors.ts'
import type { AllowedHost } from './environment-readers.ts'
import type { Variables } from './environment-variables.ts'

/**
 * The providers of external metrics by their kind, loaded when a policy first needs one. Headers are resolved here and go nowhere else: the
 * policy names variables of the worker, the store holds no value.
 */
export function metricProviders(env: Variables, hosts: readonly AllowedHost[] | undefined): OpenMetricProvider {
  const asking = (settings: AskingSettings): Asking => ({
    timeoutMs: settings.timeoutMs,
    hosts,
    headers: headersOf(settings, env),
  })
  return async (provider) => {
    switch (provider.kind) {
      case 'prometheus':
        return openPrometheus(provider.settings, asking(provider.settings))
      case 'http':
        return openHttp(provider.settings, asking(provider.settings))
      case 'datadog':
      case 'cloudwatch':
        throw new QueueCanaryError('POLICY_UNSUPPORTED', `the provider ${provider.kind} is not in this release`)
    }
  }
}

interface Asking {
  readonly timeoutMs: number
  readonly hosts: readonly AllowedHost[] | undefined
  readonly headers: Readonly<Record<string, string>>
}

async function openPrometheus({ address, query }: PrometheusSettings, asking: Asking): Promise<MetricProvider> {
  const { prometheusMetrics } = await import('../../adapters/metrics/prometheus/index.ts')
  return prometheusMetrics({ address, query, ...asking })
}

async function openHttp({ url, jsonPath }: HttpSettings, asking: Asking): Promise<MetricProvider> {
  const { httpMetrics } = await import('../../adapters/metrics/http/index.ts')
  return httpMetrics({ url, jsonPath, ...asking })
}

/** Rejects by throwing `ENVIRONMENT_INVALID` for a variable that is not set in this worker. */
function headersOf({ headersFrom }: AskingSettings, env: Variables): Readonly<Record<string, string>> {
  const entries = Object.entries(headersFrom).map(([header, variable]) => {
    const value = Object.hasOwn(env, variable) ? env[variable] : undefined
    if (value !== undefined && value !== '') return [header, value]
    const expected = `${variable}: expected a value for the header ${header}, as the policy wants it, found nothing`
    throw new QueueCanaryError('ENVIRONMENT_INVALID', `${expected}; set it for every worker of the queue`)
  })
  return Object.fromEntries(entries)
}
