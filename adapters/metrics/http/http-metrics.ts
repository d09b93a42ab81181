import type { MetricProvider, ProviderResult } from '../../../src/contracts/metric-provider.ts'
import { parseJsonPath, pickFrom } from '../../../src/core/policy/json-path.ts'
import { escapeUrl, fillTemplate } from '../../../src/core/policy/query-template.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { checkedUrl } from '../request/asking-options.ts'
import type { AskingOptions } from '../request/asking-options.ts'
import { requestJson } from '../request/request-json.ts'

export interface HttpMetricsOptions extends AskingOptions {
  /** Asked with GET; `{{queue}}`, `{{version}}`, `{{rollout}}` and `{{namespace}}` may stand in its path and query. */
  readonly url: string
  /** Where the number stands in the answer: `$`, then any of `.name`, `["any key"]`, `[0]`. */
  readonly jsonPath: string
}

/** One number in a JSON document. Throws `USAGE` for a URL or a path that is none. */
export function httpMetrics(options: HttpMetricsOptions): MetricProvider {
  const { url: template, jsonPath } = options
  const { origin } = checkedUrl(template, 'url')
  const path = parseJsonPath(jsonPath)
  if (path === undefined)
    throw new QueueCanaryError('USAGE', 'jsonPath: expected a path such as $.data.value, found something else')
  return {
    async measure(values, signal): Promise<ProviderResult> {
      const filled = fillTemplate(template, values, escapeUrl)
      const url = checkedUrl(filled, 'url')
      if (url.origin !== origin || climbs(filled)) return error('a value in the URL would lead to another place')
      const answer = await requestJson({ url }, options, signal)
      if (answer.kind !== 'document') return { kind: answer.kind, why: answer.why }
      return resultIn(pickFrom(answer.document, path), jsonPath)
    },
  }
}

/** `..` as a part of the path, which no escaping keeps from being taken for the folder above. */
function climbs(url: string): boolean {
  const [path = ''] = url.split('?', 1)
  return /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path)
}

/** Nothing but a finite number is one: text that looks like it is a mistake that should be seen. */
function resultIn(found: unknown, path: string): ProviderResult {
  if (found === undefined || found === null) return { kind: 'noData', why: `the answer has nothing at ${path}` }
  if (typeof found !== 'number') return error(`the answer has ${kindOf(found)} at ${path}, and no number`)
  return Number.isFinite(found) ? { kind: 'value', value: found } : error(`the number at ${path} is not finite`)
}

function kindOf(found: unknown): string {
  if (Array.isArray(found)) return 'a list'
  return typeof found === 'object' ? 'an object' : `a ${typeof found}`
}

function error(why: string): ProviderResult {
  return { kind: 'error', why }
}
