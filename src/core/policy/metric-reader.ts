import { describe, inspect, map, refine, select } from '../schema/combine.ts'
import { describeValue } from '../schema/describe-problem.ts'
import { isObject, list, object, own, withDefault } from '../schema/objects.ts'
import type { Reader } from '../schema/reader.ts'
import { boolean, literal } from '../schema/scalars.ts'
import { ceilingReader } from './ceiling-reader.ts'
import { commonFields, limitsOf, metricName } from './metric-limits.ts'
import type { MetricInFile } from './metric-limits.ts'
import { fraction } from './percentage.ts'
import { providerReader } from './provider-reader.ts'
import { thresholdReader } from './threshold.ts'

/** The list of metrics, with unique names. */
export function metricsReader(): Reader<readonly MetricInFile[]> {
  const metric = select<MetricInFile>({
    variants: {
      failures: failures(),
      latency: latency(),
      'novel-errors': novelErrors(),
      'failure-ceiling': ceilingReader(),
      external: external(),
    },
    pick: kindOf,
    otherwise: {
      key: 'name',
      expected: `${builtIn.join(', ')}, or a name of your own beside measure or provider`,
    },
  })
  return inspect(list(metric, { max: 32 }), (value, complain) => {
    const names = Array.isArray(value)
      ? value.map((item: unknown) => (isObject(item) ? own(item, 'name') : undefined))
      : []
    for (const [index, name] of names.entries()) {
      if (typeof name !== 'string' || names.indexOf(name) === index) continue
      complain([index, 'name'], 'a name that no metric before it has', describeValue(name))
    }
  })
}

const builtIn = ['failures', 'latency', 'novel-errors', 'failure-ceiling'] as const

function kindOf(metric: Readonly<Record<string, unknown>>): string | undefined {
  if (own(metric, 'provider') !== undefined) return 'external'
  const name = own(metric, 'name')
  const known = builtIn.find((kind) => kind === name)
  return known ?? (own(metric, 'measure') === undefined ? undefined : 'failure-ceiling')
}

/** A relative margin: 200 % is three times as much. */
const relative = () => fraction({ max: 1000 })

function failures(): Reader<MetricInFile> {
  const margin = object({
    absolute: describe('Difference of the failure rates.', withDefault(fraction(), '0.5%')),
    relative: describe('Relative increase of the failure rate.', withDefault(relative(), '50%')),
  })
  const fields = object({
    name: describe('`failures`: first outcomes, canary against stable, at any number of looks.', literal('failures')),
    rollbackMargin: describe('Relative increase that is not worth a rollback.', withDefault(relative(), '10%')),
    nonInferiorityMargin: describe('Promotion needs proof that the canary is within it.', withDefault(margin, {})),
    promoteWithoutProof: describe('Promote without that proof.', withDefault(boolean(), false)),
    ...commonFields(),
  })
  return map(fields, (metric) => ({
    kind: 'failures',
    rollbackMargin: metric.rollbackMargin,
    nonInferiorityMargin: metric.nonInferiorityMargin,
    promoteWithoutProof: metric.promoteWithoutProof,
    ...limitsOf(metric),
  }))
}

function latency(): Reader<MetricInFile> {
  const fields = object({
    name: describe('`latency`: durations of succeeded first attempts, p50, p90, p99.', literal('latency')),
    slowdownTolerance: describe('Relative slowdown that is not worth a rollback.', withDefault(relative(), '25%')),
    ...commonFields(),
  })
  return map(fields, (metric) => ({
    kind: 'latency',
    slowdownTolerance: metric.slowdownTolerance,
    ...limitsOf(metric),
  }))
}

function novelErrors(): Reader<MetricInFile> {
  const name = describe('`novel-errors`: error classes that stable never raised.', literal('novel-errors'))
  return map(object({ name, ...commonFields() }), (metric) => ({ kind: 'novel-errors', ...limitsOf(metric) }))
}

function external(): Reader<MetricInFile> {
  const name = refine(metricName(), (text, complain) => {
    if (builtIn.some((kind) => kind === text)) complain([], 'a name that no built-in metric has', describeValue(text))
  })
  const fields = object({
    name: describe('A name of your own for a value from elsewhere.', name),
    provider: describe('Where the value comes from: one of them.', providerReader()),
    thresholdRange: describe('Values that are right, in the unit of what is measured.', thresholdReader('number')),
    ...commonFields('10s'),
  })
  return map(fields, (metric) => ({
    kind: 'external',
    provider: metric.provider,
    threshold: metric.thresholdRange,
    ...limitsOf(metric),
  }))
}
