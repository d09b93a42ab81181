import { describe, map, select } from '../schema/combine.ts'
import { dictionary, isObject, object, own } from '../schema/objects.ts'
import type { Reader } from '../schema/reader.ts'
import { oneOf } from '../schema/scalars.ts'
import { jsonValue } from '../schema/json-value.ts'
import { commonFields, limitsOf, metricName } from './metric-limits.ts'
import type { MetricInFile } from './metric-limits.ts'
import { measures } from './policy.ts'
import type { Measure, Range } from './policy.ts'
import { measuresIn, thresholdReader, unitOfMeasure } from './threshold.ts'
import type { Unit } from './threshold.ts'

/** `failure-ceiling`, under its own or any other name: an absolute bound on a measured value, written in the unit of the measure. */
export function ceilingReader(): Reader<MetricInFile> {
  const fraction = ceiling(measuresIn('fraction'), thresholdReader('fraction'))
  const duration = ceiling(measuresIn('duration'), thresholdReader('duration'))
  const count = ceiling(measuresIn('count'), thresholdReader('count'))
  const known = select({ variants: { fraction, duration, count }, pick: unitOf, otherwise: { expected: 'a ceiling' } })
  // Never succeeds: it reports the wrong measure and whatever else is wrong beside it, but no bound, whose unit nobody knows.
  const anyBound = map(dictionary(jsonValue()), (): Range => ({ min: undefined, max: undefined }))
  const unknown = ceiling(measures, anyBound)
  return {
    ...known,
    read: (value, path, report) => {
      const reader = unitOf(value) === undefined ? unknown : known
      return reader.read(value, path, report)
    },
  }
}

function unitOf(value: unknown): Unit | undefined {
  const found = isObject(value) ? own(value, 'measure') : undefined
  const measure = measures.find((known) => known === found)
  return measure === undefined ? undefined : unitOfMeasure[measure]
}

function ceiling(accepted: readonly Measure[], threshold: Reader<Range>): Reader<MetricInFile> {
  const fields = object({
    name: describe(
      '`failure-ceiling`, or a name of your own where there are several: a bound on a measured value.',
      metricName(),
    ),
    measure: describe(
      'What is bounded. Neither RabbitMQ nor SQS tells `oldestAge`: `start` refuses it.',
      oneOf(accepted),
    ),
    thresholdRange: describe('Values that are right, in the unit of what is measured.', threshold),
    ...commonFields('10s'),
  })
  return map(fields, (metric) => ({
    kind: 'failure-ceiling',
    measure: metric.measure,
    threshold: metric.thresholdRange,
    ...limitsOf(metric),
  }))
}
