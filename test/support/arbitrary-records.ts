import fc from 'fast-check'
import type { Lane } from '../../src/core/allocation/lane.ts'
import { countNames } from '../../src/core/evidence/counts.ts'
import type { Counts } from '../../src/core/evidence/counts.ts'
import { verdicts } from '../../src/core/evidence/metric-state.ts'
import { consumerStates } from '../../src/core/rollout/consumer-report.ts'
import type { ConsumerReport } from '../../src/core/rollout/consumer-report.ts'
import { commandKinds } from '../../src/core/rollout/queue-state.ts'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import { phases } from '../../src/core/rollout/rollout.ts'

/** Names as hostile as JSON allows. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', 'a/b', '\u0000', '😀'),
)
const whole = fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER))
const amount = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const dictionary = <T>(values: fc.Arbitrary<T>) => fc.dictionary(text, values, { maxKeys: 4, noNullPrototype: true })

const countsOf = (count: fc.Arbitrary<number>) =>
  fc.record(Object.fromEntries(countNames.map((name) => [name, count]))) as fc.Arbitrary<Counts>
const histogram = (count: fc.Arbitrary<number>) =>
  fc.dictionary(fc.nat({ max: 400 }).map(String), count, { maxKeys: 5, noNullPrototype: true })
const totals = fc.record({ stable: countsOf(whole), canary: countsOf(whole) })

const lane: fc.Arbitrary<Lane> = fc.oneof(
  fc.constantFrom<Lane>({ kind: 'none' }, { kind: 'stream' }),
  fc.record({
    kind: fc.constant('throttled' as const),
    weight: fc.double({ min: 0.001, max: 100, noNaN: true }),
    concurrency: whole,
    delayMs: amount,
  }),
  fc.record({ kind: fc.constant('drain' as const), timeoutMs: amount, onTimeout: fc.constantFrom('handBack', 'wait') }),
)

const metric = fc.record({
  windowCounts: countsOf(whole),
  windowDurations: histogram(whole),
  windowMs: amount,
  failed: whole,
  inconclusive: whole,
  consecutiveErrors: whole,
  inStep: whole,
  last: maybe(fc.record({ verdict: fc.constantFrom(...verdicts), value: maybe(amount), n: whole, why: text })),
})

const order = fc.record({ generation: text, epoch: whole, sequence: whole })

const attempts = fc.record({ messages: amount, failed: amount })
const spread = fc.record({ observed: amount, expected: amount })
const bucketed = fc.record({ first: whole, counts: fc.array(amount, { maxLength: 4 }) })
const mixture = fc.record({
  evidence: fc.array(amount, { minLength: 9, maxLength: 9 }),
  reserve: amount,
  restarts: whole,
  since: amount,
})
const trials = fc.record({
  share: amount,
  canaryFailed: amount,
  canarySucceeded: amount,
  stableFailed: amount,
  stableSucceeded: amount,
})
const cohortLook = fc.record({
  first: whole,
  last: whole,
  opened: whole,
  target: amount,
  elapsedMs: amount,
  canary: attempts,
  stable: attempts,
  durations: maybe(fc.record({ canary: bucketed, stable: bucketed })),
  dispersion: maybe(spread),
})
const judge = fc.record({
  losses: whole,
  rollback: fc.record({
    failures: maybe(mixture),
    latency: maybe(fc.record({ columns: bucketed, quantiles: fc.array(mixture, { maxLength: 3 }) })),
    ceiling: maybe(mixture),
  }),
  promotion: maybe(
    fc.record({
      margin: amount,
      promotion: fc.tuple(amount, amount),
      excess: fc.array(amount, { maxLength: 3 }),
      batch: maybe(fc.record({ looks: whole, target: amount, stableRate: amount, trials })),
    }),
  ),
  start: attempts,
  baseline: attempts,
  dispersion: spread,
  frozen: fc.array(fc.record({ from: whole, rate: amount, inflation: amount }), { maxLength: 3 }),
  canary: attempts,
  stable: attempts,
  share: amount,
  peak: amount,
})
const comparison = fc.record({
  judge,
  clock: fc.record({
    current: fc.record({ number: whole, begunMs: amount, target: amount }),
    ended: fc.array(fc.record({ number: whole, endedMs: amount, target: amount }), { maxLength: 3 }),
    progress: fc.record({ closed: whole, gathered: maybe(cohortLook) }),
  }),
  suspicion: fc.record({ evidence: amount, rollback: fc.boolean(), suspicious: fc.boolean() }),
  recent: attempts,
})

const rollout = fc.record({
  id: text,
  canary: text,
  stable: text,
  policyDigest: text,
  group: maybe(fc.record({ id: text, queues: fc.array(text, { maxLength: 3 }), queue: text, ready: whole })),
  order,
  phase: fc.constantFrom(...phases),
  hold: fc.constantFrom(undefined, 'step', 'operator', 'failure', 'insufficientData'),
  step: whole,
  elapsedMs: amount,
  stepElapsedMs: amount,
  phaseElapsedMs: amount,
  frozenMs: maybe(amount),
  ignoresFreeze: fc.constantFrom(undefined, true),
  origin: maybe(totals),
  stepOrigin: maybe(totals),
  latest: maybe(totals),
  recountMs: maybe(amount),
  forgone: amount,
  harmed: whole,
  lost: whole,
  unaccounted: whole,
  poison: whole,
  exhaustedMs: amount,
  ramp: maybe(
    fc.record({ weight: fc.double({ min: 0.001, max: 100, noNaN: true }), consideredMs: amount, peak: maybe(amount) }),
  ),
  comparison: maybe(comparison),
  errorsBefore: maybe(dictionary(whole)),
  metrics: dictionary(metric),
  why: text,
  history: fc.array(
    fc.record({
      at: text,
      elapsedMs: amount,
      phase: fc.constantFrom(...phases),
      step: whole,
      why: text,
      numbers: dictionary(fc.oneof(amount, text)),
    }),
    { maxLength: 3 },
  ),
  carriedOut: fc.array(text, { maxLength: 3 }),
})

export const arbitraryState = fc.record({
  generation: text,
  epoch: whole,
  sequence: whole,
  lease: fc.record({ holder: maybe(text), renewals: whole }),
  stable: text,
  previous: maybe(text),
  standby: maybe(fc.record({ version: text, leftMs: amount })),
  tombstones: dictionary(fc.record({ reason: fc.constantFrom('promotedAway', 'rolledBack'), at: text })),
  rollout: maybe(rollout),
  commands: fc.array(
    fc.record({
      id: text,
      rollout: text,
      kind: fc.constantFrom(...commandKinds),
      full: fc.boolean(),
      reason: text,
      from: maybe(text),
    }),
    { maxLength: 3 },
  ),
  allocations: fc.record({
    stable: lane,
    canary: lane,
    consumers: dictionary(
      fc.record({
        concurrency: whole,
        delayMs: amount,
        permits: maybe(whole),
        bridge: maybe(fc.record({ permitsPerMs: amount, afterMs: amount })),
        fuse: maybe(fc.record({ limit: amount, needed: amount })),
        failures: whole,
        returnsToSpare: maybe(whole),
      }),
    ),
    lookMs: amount,
  }),
}) as fc.Arbitrary<QueueState>

const count = fc.integer({ min: 0, max: 2 ** 43 })

export const arbitraryReport = fc.record({
  id: text,
  worker: text,
  version: text,
  beat: whole,
  at: amount,
  uptimeMs: amount,
  state: fc.constantFrom(...consumerStates),
  link: text,
  linkReason: maybe(text),
  obeyed: maybe(order),
  capacity: whole,
  inFlight: whole,
  stuck: whole,
  counts: countsOf(count),
  durations: histogram(count),
  cohorts: fc.dictionary(
    fc.nat().map(String),
    fc.record({ dispatched: count, succeeded: count, failed: count, durations: histogram(count) }),
    { maxKeys: 3, noNullPrototype: true },
  ),
  errors: dictionary(count),
  handlerTimeoutMs: amount,
  eventLoopDelayMs: amount,
  drain: maybe(
    fc.record({ finished: whole, returned: whole, abandoned: whole, durationMs: amount, onTime: fc.boolean() }),
  ),
  contract: maybe(fc.record({ header: text, range: text, unaccepted: whole, waiting: whole })),
}) as fc.Arbitrary<ConsumerReport>
