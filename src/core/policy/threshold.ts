import { describe, refine } from '../schema/combine.ts'
import { object, optional } from '../schema/objects.ts'
import type { Json, Reader } from '../schema/reader.ts'
import { integer, number } from '../schema/scalars.ts'
import { duration, formatDuration } from './duration.ts'
import { formatFraction, fraction } from './percentage.ts'
import { measures } from './policy.ts'
import type { Measure, Range } from './policy.ts'

/** The unit that a measure's bounds are written in. */
export type Unit = 'fraction' | 'duration' | 'count' | 'number'

export const unitOfMeasure: Readonly<Record<Measure, Unit>> = {
  failureRate: 'fraction',
  p50: 'duration',
  p95: 'duration',
  p99: 'duration',
  timeouts: 'fraction',
  deadLetters: 'count',
  backlog: 'count',
  oldestAge: 'duration',
  eventLoopDelay: 'duration',
}

export function measuresIn(unit: Unit): readonly Measure[] {
  return measures.filter((measure) => unitOfMeasure[measure] === unit)
}

/** Reads `{ min, max }`, one of them or both, in the unit. */
export function thresholdReader(unit: Unit): Reader<Range> {
  const { reader, format } = units[unit]
  const fields = object({
    min: describe('Least value that is still right.', optional(reader, 'no bound')),
    max: describe('Greatest value that is still right.', optional(reader, 'no bound')),
  })
  return refine(fields, ({ min, max }, complain) => {
    if (min === undefined && max === undefined) complain([], 'min, max or both', 'neither')
    if (min === undefined || max === undefined || min <= max) return
    complain(['max'], `at least min (${format(min)})`, String(format(max)))
  })
}

/** As it stands in the file. */
export function showThreshold(unit: Unit, { min, max }: Range): Json {
  const { format } = units[unit]
  return { ...(min !== undefined && { min: format(min) }), ...(max !== undefined && { max: format(max) }) }
}

const same = (value: number): number => value
const units: Readonly<
  Record<Unit, { readonly reader: Reader<number>; readonly format: (value: number) => string | number }>
> = {
  fraction: { reader: fraction(), format: formatFraction },
  duration: { reader: duration(), format: formatDuration },
  count: { reader: integer({ min: 0 }), format: same },
  number: { reader: number(), format: same },
}
