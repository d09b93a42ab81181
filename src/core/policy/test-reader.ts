import { describe } from '../schema/combine.ts'
import { jsonValue } from '../schema/json-value.ts'
import { object, optional } from '../schema/objects.ts'
import { invalid, parseWith } from '../schema/reader.ts'
import type { Infer, Json, Reader } from '../schema/reader.ts'
import { integer, oneOf } from '../schema/scalars.ts'
import { duration } from './duration.ts'
import { fraction } from './percentage.ts'
import type { PolicyTest } from './policy.ts'
import { rate } from './rate.ts'
import { trafficKinds } from './traffic-kind.ts'

/** A case of `policy test`. Checked here, kept as it is written. */
export function testReader(): Reader<PolicyTest> {
  return object({
    given: describe('The traffic.', asWritten(givenReader)),
    expect: describe('What the policy makes of it, in 95 % of the runs.', asWritten(expectReader)),
  })
}

/** What a test gives; undefined where it says nothing. Rates a second, durations in milliseconds, failures as fractions of one. */
export type Given = Infer<typeof givenReader>
/** What a test expects; undefined where it says nothing. */
export type Expectation = Infer<typeof expectReader>

/** The numbers of a test that `testReader` has accepted. */
export function readTest({ given, expect }: PolicyTest): { readonly given: Given; readonly expect: Expectation } {
  return { given: accepted(givenReader, given), expect: accepted(expectReader, expect) }
}

/** The longest that a handler may take in a simulation. */
export const mostLatency = '1h'

const givenReader = object({
  rate: describe('Messages of the queue.', optional(rate(), '100/s')),
  stableFailures: describe('Failure rate of the stable version.', optional(fraction(), '1%')),
  canaryFailures: describe('Failure rate of the canary.', optional(fraction(), 'as the stable version')),
  latency: describe('Mean duration of a handler.', optional(latency(), '20ms')),
  canaryLatency: describe('The same of the canary.', optional(latency(), 'latency')),
  onset: describe(
    'Until then the canary is as the stable version, counted from the start of the rollout.',
    optional(duration(), '0s'),
  ),
  traffic: describe(
    'How messages come; `policy simulate --help` explains each.',
    optional(oneOf(trafficKinds), 'steady'),
  ),
})

const expectReader = object({
  phase: describe(
    'Phase that the rollout ends in, or that holds it until `progressDeadline`.',
    optional(oneOf(['Succeeded', 'RolledBack', 'Paused', 'WaitingPromotion'])),
  ),
  harmed: describe(
    'Bounds on messages whose first outcome on the canary was not success.',
    optional(
      object({
        p50: describe('Most messages harmed in half of the runs.', optional(count())),
        p95: describe('Most messages harmed in 95 % of the runs.', optional(count())),
        p99: describe('Most messages harmed in 99 % of the runs.', optional(count())),
      }),
    ),
  ),
  within: describe('Longest time that the rollout takes, in 95 % of the runs.', optional(duration())),
})

function latency(): Reader<number> {
  return duration({ min: '1ms', max: mostLatency })
}

function count(): Reader<number> {
  return integer({ min: 0, max: 1e9 })
}

function accepted<T>(reader: Reader<T>, value: unknown): T {
  const read = parseWith(reader, value)
  if (!read.ok) throw new TypeError('a test of a policy was changed after it was read')
  return read.value
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
