import fc from 'fast-check'
import { measures } from '../../src/core/policy/policy.ts'
import type { Metric, Policy, Step } from '../../src/core/policy/policy.ts'
import { analysisOf, buildPolicy, ceilingMetric, externalMetric, pauseStep, rampStep } from './build-policy.ts'

const time = fc.integer({ min: 0, max: 5_000 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        weight: fc.constantFrom(0.5, 5, 50, 100),
        concurrency: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        durationMs: time,
        minSamples: fc.integer({ min: 1, max: 50 }),
      })
      .map(rampStep),
  },
  { weight: 1, arbitrary: fc.option(time, { nil: undefined }).map(pauseStep) },
)

const metric: fc.Arbitrary<Metric> = fc
  .record({
    isExternal: fc.boolean(),
    name: fc.constantFrom('a', 'b', 'constructor'),
    measure: fc.constantFrom(...measures),
    threshold: fc.record({ min: fc.constantFrom(undefined, 0), max: fc.constantFrom(undefined, 0, 0.05, 100) }),
    intervalMs: fc.integer({ min: 100, max: 3_000 }),
    initialDelayMs: fc.constantFrom(0, 0, 1_000),
    failureLimit: fc.nat({ max: 2 }),
    inconclusiveLimit: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
    consecutiveErrorLimit: fc.nat({ max: 3 }),
    dryRun: fc.boolean(),
  })
  .map(({ isExternal, measure, ...rest }) => (isExternal ? externalMetric(rest) : ceilingMetric({ measure, ...rest })))

/** Policies that are over within a minute or two of looks. */
export const arbitraryPolicy: fc.Arbitrary<Policy> = fc
  .record({
    steps: fc.array(step, { maxLength: 4 }),
    analysis: fc.uniqueArray(metric, { maxLength: 2, selector: ({ name }) => name }).map(analysisOf),
    limits: fc.record({
      maxFailedMessages: fc.integer({ min: 1, max: 40 }),
      maxInFlight: fc.integer({ min: 1, max: 50 }),
      maxReceiveCount: fc.constant(3),
    }),
    onFailure: fc.constantFrom('rollback', 'pause', 'stepBack'),
    onInsufficientData: fc.constantFrom('extend', 'pause', 'rollback', 'promote'),
    progressDeadlineMs: fc.integer({ min: 1_000, max: 60_000 }),
    promotion: fc.record({ workers: fc.integer({ min: 1, max: 3 }), durationMs: time }),
    rollbackWindowMs: fc.constantFrom(0, 0, 3_000),
    drain: fc.record({ timeoutMs: time, onTimeout: fc.constantFrom('handBack', 'wait') }),
  })
  .map(buildPolicy)
