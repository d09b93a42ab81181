import { noCounts } from '../../src/core/evidence/counts.ts'
import type { Counts } from '../../src/core/evidence/counts.ts'
import { parsePolicy } from '../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../src/core/policy/policy.ts'
import type { ConsumerReport } from '../../src/core/rollout/consumer-report.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import { startRollout } from '../../src/core/rollout/start.ts'
import type { Rollout } from '../../src/core/rollout/rollout.ts'
import type { StatusInput } from '../../src/status/status-view.ts'

export const now = Date.UTC(2030, 0, 1, 12)

export function counts(some: Partial<Counts>): Counts {
  return { ...noCounts, ...some }
}

export function policyFrom(content: unknown): Policy {
  const parsed = parsePolicy(content)
  if (parsed.ok) return parsed.policy
  throw new Error(`the policy of the test is wrong: ${JSON.stringify(parsed.problems)}`)
}

export const rampPolicy = policyFrom({
  steps: [
    { weight: '1%', concurrency: 1, delay: '200ms', duration: '2m' },
    { weight: '10%', concurrency: 4, duration: '5m' },
    { pause: {} },
    { weight: '50%', duration: '10m' },
  ],
  analysis: {
    metrics: [
      { name: 'failure-ceiling', measure: 'failureRate', thresholdRange: { max: '5%' }, failureLimit: 2 },
      { name: 'slow', measure: 'p99', thresholdRange: { max: '200ms' }, dryRun: true },
    ],
  },
})

/** A ready consumer that reported a second ago. */
export function report(some: Partial<ConsumerReport> & { readonly version: string }): ConsumerReport {
  return {
    id: `w1.00000000.${some.version}`,
    worker: 'w1',
    beat: 7,
    at: now - 1_000,
    uptimeMs: 60_000,
    state: 'ready',
    link: 'consuming',
    linkReason: undefined,
    obeyed: undefined,
    capacity: 10,
    inFlight: 0,
    stuck: 0,
    counts: noCounts,
    durations: {},
    cohorts: {},
    errors: {},
    handlerTimeoutMs: 30_000,
    eventLoopDelayMs: 1,
    drain: undefined,
    contract: undefined,
    ...some,
  }
}

/** A rollout from v1 to v2 that has just begun. */
export function rollout(some: Partial<Rollout>): Rollout {
  const request = { id: 'r1', canary: 'v2', policyDigest: 'sha256:00', at: '2030-01-01T11:56:59.000Z', force: false }
  const started = startRollout(createQueueState('g1', 'v1'), request)
  if (!started.ok || started.state.rollout === undefined) throw new Error('the rollout of the test did not start')
  return { ...started.state.rollout, history: [], ...some }
}

export function state(some: Partial<QueueState>): QueueState {
  return { ...createQueueState('g1', 'v1'), epoch: 7, sequence: 41, lease: { holder: 'w1', renewals: 3 }, ...some }
}

export function input(some: Partial<StatusInput>): StatusInput {
  return { queue: 'orders', namespace: 'default', state: state({}), reports: [], policy: undefined, now, ...some }
}

/** The second step, at 10 %, with 1,000 messages taken in it: the example of the interface. */
export function secondStep(canaryTaken = 100): StatusInput {
  const origin = { stable: counts({ taken: 500, succeeded: 500 }), canary: counts({}) }
  const stepOrigin = {
    stable: counts({ taken: 1_500, succeeded: 1_500 }),
    canary: counts({ taken: 10, succeeded: 10 }),
  }
  const stableTaken = 1_500 + 1_000 - canaryTaken
  return input({
    policy: rampPolicy,
    state: state({
      allocations: {
        stable: { kind: 'stream' },
        canary: { kind: 'throttled', weight: 10, concurrency: 4, delayMs: 0 },
        consumers: {},
        lookMs: 50,
      },
      rollout: rollout({
        phase: 'Progressing',
        step: 1,
        elapsedMs: 181_000,
        stepElapsedMs: 61_000,
        phaseElapsedMs: 181_000,
        origin,
        stepOrigin,
        harmed: 3,
        why: 'step 1 passed: 10 samples; step 2: weight 10 %',
        metrics: {
          'failure-ceiling': {
            windowCounts: counts({}),
            windowDurations: {},
            windowMs: 0,
            failed: 1,
            inconclusive: 0,
            consecutiveErrors: 0,
            inStep: 1,
            last: { verdict: 'successful', value: 0.027, n: 107, why: 'failureRate 2.7 % of n=107 is within max 5 %' },
          },
        },
        history: [
          {
            at: '2030-01-01T11:56:59.000Z',
            elapsedMs: 0,
            phase: 'Initialized',
            step: 0,
            why: 'a rollout of v2 in place of v1 was started',
            numbers: {},
          },
          {
            at: '2030-01-01T11:58:59.000Z',
            elapsedMs: 120_000,
            phase: 'Progressing',
            step: 1,
            why: 'step 1 passed: 10 samples; step 2: weight 10 %',
            numbers: { harmed: 0, samples: 10, canary: 10, total: 1_010 },
          },
        ],
      }),
    }),
    reports: [
      report({
        id: 'w1.a.v1',
        version: 'v1',
        inFlight: 8,
        counts: counts({ taken: stableTaken, succeeded: stableTaken - 4, failed: 4, deadLettered: 1, rescued: 2 }),
      }),
      report({
        id: 'w2.b.v2',
        worker: 'w2',
        version: 'v2',
        inFlight: 4,
        counts: counts({ taken: 10 + canaryTaken, succeeded: 7 + canaryTaken, failed: 2, timedOut: 1, handedBack: 3 }),
        durations: { 33: 7 + canaryTaken },
      }),
    ],
  })
}
