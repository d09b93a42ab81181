import { describe, refine } from '../schema/combine.ts'
import { describeValue } from '../schema/describe-problem.ts'
import { optional, withDefault } from '../schema/objects.ts'
import type { ObjectOf } from '../schema/objects.ts'
import type { Reader } from '../schema/reader.ts'
import { boolean, integer, string } from '../schema/scalars.ts'
import { duration, formatDuration } from './duration.ts'
import type { Metric, MetricLimits } from './policy.ts'

/** A metric as the file gives it: without an interval of its own, `analysis.interval` holds. */
export type MetricInFile = InFile<Metric>
type InFile<M extends Metric> = M extends Metric
  ? Omit<M, 'intervalMs'> & { readonly intervalMs: number | undefined }
  : never

/** What holds where the file says nothing. */
export const defaultLimits = {
  initialDelayMs: 0,
  failureLimit: 0,
  inconclusiveLimit: undefined,
  consecutiveErrorLimit: 4,
} as const

const measuredOnly = 'Not for `failures`, `latency` and `novel-errors`.'

/** The keys that every metric has. Without `interval`, the default is `analysis.interval`. */
export function commonFields(interval?: string): CommonFields {
  const every = duration({ min: '100ms' })
  return {
    interval: describe(
      `Time between two measurements. ${measuredOnly}`,
      interval === undefined ? optional(every, 'analysis.interval') : withDefault(every, interval),
    ),
    initialDelay: describe(
      `Time before the first measurement. ${measuredOnly}`,
      withDefault(duration(), formatDuration(defaultLimits.initialDelayMs)),
    ),
    failureLimit: describe(
      'Failed measurements that are let pass; the next one fails the metric. For `novel-errors` messages. Not for `failures` and `latency`.',
      withDefault(limit(), defaultLimits.failureLimit),
    ),
    inconclusiveLimit: describe(
      `Inconclusive measurements that are let pass; the next one makes the metric inconclusive. ${measuredOnly}`,
      optional(limit(), 'unlimited'),
    ),
    consecutiveErrorLimit: describe(
      `Measurements in a row that may go wrong; the next one fails the metric. ${measuredOnly}`,
      withDefault(limit(), defaultLimits.consecutiveErrorLimit),
    ),
    dryRun: describe('Measure and show, but never act on it.', withDefault(boolean(), false)),
  }
}

export function limitsOf(metric: ObjectOf<CommonFields> & { readonly name: string }): Limits {
  return {
    name: metric.name,
    intervalMs: metric.interval,
    initialDelayMs: metric.initialDelay,
    failureLimit: metric.failureLimit,
    inconclusiveLimit: metric.inconclusiveLimit,
    consecutiveErrorLimit: metric.consecutiveErrorLimit,
    dryRun: metric.dryRun,
  }
}

/** Names are keys of records and labels of metrics. */
export function metricName(): Reader<string> {
  const expected = 'a name of 1 to 64 letters, digits, dots, dashes and underscores that starts with a letter'
  return refine(string({ expected, pattern: /^[A-Za-z][\w.-]{0,63}$/ }), (name, complain) => {
    if (name in Object.prototype) complain([], 'a name that JavaScript does not use for itself', describeValue(name))
  })
}

type Limits = Omit<MetricLimits, 'intervalMs'> & { readonly intervalMs: number | undefined }

interface CommonFields {
  readonly [key: string]: Reader<unknown>
  readonly interval: Reader<number | undefined>
  readonly initialDelay: Reader<number>
  readonly failureLimit: Reader<number>
  readonly inconclusiveLimit: Reader<number | undefined>
  readonly consecutiveErrorLimit: Reader<number>
  readonly dryRun: Reader<boolean>
}

function limit(): Reader<number> {
  return integer({ min: 0, max: 1e6 })
}
