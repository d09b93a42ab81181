import { describe } from '../schema/combine.ts'
import { jsonValue } from '../schema/json-value.ts'
import { object, optional } from '../schema/objects.ts'
import { invalid } from '../schema/reader.ts'
import type { Json, Reader } from '../schema/reader.ts'
import { integer, oneOf } from '../schema/scalars.ts'
import { duration } from './duration.ts'
import { fraction } from './percentage.ts'
import type { PolicyTest } from './policy.ts'
import { rate } from './rate.ts'

/** A case of `policy test`. Checked here, kept as it is written. */
export function testReader(): Reader<PolicyTest> {
  const given = object({
    rate: describe('Messages of the queue.', optional(rate())),
    stableFailures: describe('Failure rate of the stable version.', optional(fraction())),
    canaryFailures: describe('Failure rate of the canary.', optional(fraction())),
  })
  const harmed = object({
    p50: describe('Most messages harmed in half of the runs.', optional(count())),
    p95: describe('Most messages harmed in 95 % of the runs.', optional(count())),
    p99: describe('Most messages harmed in 99 % of the runs.', optional(count())),
  })
  const expect = object({
    phase: describe(
      'Phase that the rollout ends in.',
      optional(oneOf(['Succeeded', 'RolledBack', 'Paused', 'WaitingPromotion'])),
    ),
    harmed: describe('Bounds on messages whose first outcome on the canary was not success.', optional(harmed)),
    within: describe('Longest time that the rollout takes.', optional(duration())),
  })
  return object({
    given: describe('The traffic.', asWritten(given)),
    expect: describe('What the policy makes of it.', asWritten(expect)),
  })
}

function count(): Reader<number> {
  return integer({ min: 0, max: 1e9 })
}

function asWritten(reader: Reader<unknown>): Reader<Readonly<Record<string, Json>>> {
  const copy = jsonValue() as Reader<Readonly<Record<string, Json>>>
  return {
    ...copy,
    expected: reader.expected,
    schema: reader.schema,
    ...(reader.parts !== undefined && { parts: reader.parts }),
    read: (value, path, report) =>
      reader.read(value, path, report) === invalid ? invalid : copy.read(value, path, report),
  }
}
