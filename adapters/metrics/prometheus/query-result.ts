import type { ProviderResult } from '../../../src/contracts/metric-provider.ts'

/** A sample that is older, or further in the future, is not of now. */
const longestAgeMs = 120_000

/** Reads the answer to an instant query: one sample of one series, or a scalar. `now` is milliseconds since 1970. */
export function resultIn(document: unknown, now: number): ProviderResult {
  const data = field(document, 'data')
  if (field(document, 'status') !== 'success' || data === undefined)
    return error('the answer is none of the Prometheus API')
  if (isPartial(field(document, 'warnings'))) return error('the answer is partial: a warning came with it')
  const [type, result] = [field(data, 'resultType'), field(data, 'result')]
  if (type === 'scalar') return sampleIn(result, now)
  if (type !== 'vector' || !Array.isArray(result))
    return error('the query gives no vector and no scalar; an instant query is needed')
  if (result.length === 0) return { kind: 'noData', why: 'the query found no series' }
  if (result.length > 1) return error(`the query found ${result.length} series; sum() or max() makes one of them`)
  const histogram = field(result[0], 'histogram')
  return histogram === undefined ? sampleIn(field(result[0], 'value'), now) : error('the query gives a histogram')
}

/** What Prometheus calls a query that it cannot run: ` (bad_data)`. Its own words may quote the query, and more. */
export function refusedQuery(document: unknown): string {
  const type = field(document, 'errorType')
  return typeof type === 'string' && /^[a-z_]{1,32}$/.test(type) ? ` (${type})` : ''
}

/** Remarks on the query are no harm; any other warning says that something could not be read. */
function isPartial(warnings: unknown): boolean {
  if (!Array.isArray(warnings)) return false
  return warnings.some((warning) => typeof warning !== 'string' || !warning.startsWith('PromQL '))
}

/** `[1700000000.123, "0.5"]`. */
function sampleIn(sample: unknown, now: number): ProviderResult {
  if (!Array.isArray(sample) || sample.length !== 2) return error('the answer holds no sample')
  const [at, text]: unknown[] = sample
  if (typeof at !== 'number' || typeof text !== 'string') return error('the answer holds no sample')
  if (text === 'NaN') return { kind: 'noData', why: 'the query gives NaN, as 0/0 does' }
  // Number() alone would take "", "0x10" and the like.
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) return error('the query gives no finite number')
  const ageMs = now - at * 1_000
  if (Math.abs(ageMs) <= longestAgeMs) return { kind: 'value', value }
  const seconds = Math.round(Math.abs(ageMs) / 1_000)
  return { kind: 'noData', why: `the sample is ${seconds} s ${ageMs > 0 ? 'old' : "ahead of this machine's clock"}` }
}

function field(value: unknown, key: string): unknown {
  const isRecord = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
  return isRecord ? Reflect.get(value, key) : undefined
}

function error(why: string): ProviderResult {
  return { kind: 'error', why }
}
