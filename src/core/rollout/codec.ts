import { quickestLookMs } from '../allocation/rhythm.ts'
import { countNames } from '../evidence/counts.ts'
import { lastBucket } from '../evidence/histogram.ts'
import { verdicts } from '../evidence/metric-state.ts'
import { dictionary, fieldsFor, list, optional, tolerantObject as record, withDefault } from '../schema/objects.ts'
import { union } from '../schema/combine.ts'
import type { Reader } from '../schema/reader.ts'
import { boolean, integer, literal, number, oneOf, string } from '../schema/scalars.ts'
import { comparisonReader } from './comparison-codec.ts'
import { consumerStates } from './consumer-report.ts'
import type { ConsumerReport } from './consumer-report.ts'
import { commandKinds } from './queue-state.ts'
import type { QueueState } from './queue-state.ts'
import { phases } from './rollout.ts'

/**
 * Records carry their format. A reader refuses a format it does not know, and drops keys it does not know. What was added to a format has a default:
 * workers of an older release on the same store write records without it.
 */
export const recordFormat = 1

const whole = () => integer({ min: 0 })
const amount = () => number({ min: 0 })

/** What one consumer may have counted at most: the sum of a thousand of them is still exact, and can be written back. */
const mostCounted = 2 ** 43
const counted = () => integer({ min: 0, max: mostCounted })
const bucket = string({ pattern: /^(?:0|[1-9]\d?|[1-3]\d\d|400)$/, expected: `a bucket from 0 to ${lastBucket}` })

/** Of a worker that was told nothing else; for reports that do not say. */
const defaultHandlerTimeoutMs = 30_000

const counts = record(fieldsFor(countNames, whole()))
const histogram = dictionary(whole(), bucket)
const totals = record({ stable: counts, canary: counts })
const order = record({ generation: string(), epoch: whole(), sequence: whole() })

const lane = union(
  'kind',
  {
    none: {},
    stream: {},
    throttled: { weight: number({ min: 0, max: 100 }), concurrency: whole(), delayMs: amount() },
    drain: { timeoutMs: amount(), onTimeout: oneOf(['handBack', 'wait']) },
  },
  { unknownKeys: 'drop' },
)

const allocations = record({
  stable: lane,
  canary: lane,
  consumers: dictionary(
    record({
      concurrency: whole(),
      delayMs: amount(),
      permits: optional(whole()),
      bridge: optional(record({ permitsPerMs: amount(), afterMs: amount() })),
      fuse: optional(record({ limit: amount(), needed: amount() })),
      failures: whole(),
      returnsToSpare: optional(whole()),
    }),
  ),
  lookMs: withDefault(amount(), quickestLookMs),
})

const measurement = record({
  verdict: oneOf(verdicts),
  value: optional(number()),
  n: whole(),
  why: string(),
})

const metric = record({
  windowCounts: counts,
  windowDurations: histogram,
  windowMs: amount(),
  failed: whole(),
  inconclusive: whole(),
  consecutiveErrors: whole(),
  inStep: whole(),
  last: optional(measurement),
  reading: optional(string()),
})

const numberOrText: Reader<number | string> = {
  ...string(),
  expected: 'a number or a text',
  read: (value, path, report) => (typeof value === 'number' ? value : string().read(value, path, report)),
}

const historyEntry = record({
  at: string(),
  elapsedMs: amount(),
  phase: oneOf(phases),
  step: whole(),
  why: string(),
  numbers: dictionary(numberOrText),
})

const attempts = record({ ended: whole(), failed: whole() })

const rollout = record({
  id: string(),
  canary: string(),
  stable: string(),
  policyDigest: string(),
  group: optional(record({ id: string(), queues: list(string()), queue: string(), ready: whole() })),
  order,
  phase: oneOf(phases),
  hold: optional(oneOf(['step', 'operator', 'failure', 'insufficientData'])),
  step: whole(),
  elapsedMs: amount(),
  stepElapsedMs: amount(),
  phaseElapsedMs: amount(),
  frozenMs: optional(amount()),
  ignoresFreeze: optional(boolean()),
  origin: optional(totals),
  stepOrigin: optional(totals),
  latest: optional(totals),
  recountMs: optional(amount()),
  forgone: amount(),
  harmed: whole(),
  lost: whole(),
  unaccounted: whole(),
  poison: withDefault(whole(), 0),
  explained: optional(
    record({ expected: amount(), variance: amount(), upTo: record({ stable: attempts, canary: attempts }) }),
  ),
  exhaustedMs: withDefault(amount(), 0),
  ramp: optional(record({ weight: number({ min: 0, max: 100 }), consideredMs: amount(), peak: optional(amount()) })),
  comparison: optional(comparisonReader),
  errorsBefore: optional(dictionary(whole())),
  metrics: dictionary(metric),
  why: string(),
  history: list(historyEntry),
  carriedOut: list(string()),
})

const command = record({
  id: string(),
  rollout: string(),
  kind: oneOf(commandKinds),
  full: boolean(),
  reason: string(),
  from: optional(string()),
})

/** The queue's document as it stands in the store, less the format. */
export const queueStateReader: Reader<QueueState> = record({
  generation: string(),
  epoch: whole(),
  sequence: whole(),
  lease: record({ holder: optional(string()), renewals: whole() }),
  stable: string(),
  previous: optional(string()),
  standby: optional(record({ version: string(), leftMs: amount() })),
  tombstones: dictionary(record({ reason: oneOf(['promotedAway', 'rolledBack']), at: string() })),
  rollout: optional(rollout),
  commands: list(command),
  allocations,
})

export const consumerReportReader: Reader<ConsumerReport> = record({
  id: string(),
  worker: string(),
  version: string(),
  beat: whole(),
  at: amount(),
  uptimeMs: withDefault(amount(), 0),
  state: oneOf(consumerStates),
  link: string(),
  linkReason: optional(string()),
  obeyed: optional(order),
  capacity: whole(),
  inFlight: whole(),
  stuck: whole(),
  counts: record(fieldsFor(countNames, counted())),
  durations: dictionary(counted(), bucket),
  cohorts: withDefault(
    dictionary(
      record({
        dispatched: counted(),
        succeeded: counted(),
        failed: counted(),
        durations: dictionary(counted(), bucket),
      }),
      string({ pattern: /^\d{1,15}$/, expected: 'the number of a cohort' }),
    ),
    {},
  ),
  errors: withDefault(dictionary(counted()), {}),
  handlerTimeoutMs: withDefault(amount(), defaultHandlerTimeoutMs),
  eventLoopDelayMs: amount(),
  drain: optional(
    record({ finished: whole(), returned: whole(), abandoned: whole(), durationMs: amount(), onTime: boolean() }),
  ),
  contract: optional(record({ header: string(), range: string(), unaccepted: whole(), waiting: whole() })),
})

/** Every record in the store: its format, what kind it is, and its content. */
export function envelope<T>(
  kind: string,
  content: Reader<T>,
): Reader<{ readonly format: 1; readonly kind: string; readonly content: T }> {
  return record({ format: literal(recordFormat), kind: literal(kind), content })
}
