import { describe, expect, it } from 'vitest'
import { nothingAssumed } from '../../../src/core/policy/assumed.ts'
import type { Assumed } from '../../../src/core/policy/assumed.ts'
import { warningsOf } from '../../../src/core/policy/warnings.ts'
import { policyOf } from '../../simulate/support.ts'

function warnings(file: object, assumed: Partial<Assumed> = {}): readonly string[] {
  return warningsOf(policyOf(file), { ...nothingAssumed, ...assumed }).map(({ path, text }) => `${path}: ${text}`)
}

function idle(index: number, key: string, kind: string): string {
  return `analysis.metrics[${index}].${key}: it does nothing for ${kind}, which is judged at each look; take it out`
}

const failures = (metric: object = {}) => ({ analysis: { metrics: [{ name: 'failures', ...metric }] } })
const none = failures({ dryRun: true })
const bounded = { limits: { maxFailedMessages: 1_000_000 } }

describe('warnings', () => {
  it.each([
    ['the default policy of a busy queue', bounded, { ratePerSecond: 100, latencyMs: 20, stableFailures: 0.01 }],
    ['the default policy of a queue that nobody knows', {}, {}],
    ['a careful one', { extends: 'careful', ...bounded }, { ratePerSecond: 100, latencyMs: 20, stableFailures: 0.001 }],
    ['a policy without steps', { strategy: 'blueGreen' }, { ratePerSecond: 1, stableFailures: 0.5, latencyMs: 20 }],
    ['what goes on without samples', { onInsufficientData: 'promote', ...bounded }, { ratePerSecond: 0.01 }],
    [
      'proof that is waived',
      failures({ promoteWithoutProof: true, nonInferiorityMargin: { absolute: '0%', relative: '0%' } }),
      {},
    ],
    ['a freeze that leaves enough time', { freeze: [{ from: '00:00', to: '20:00' }] }, {}],
    ['a freeze of some dates', { freeze: [{ dates: { until: '2030-01-01' } }] }, {}],
    ['what is only measured', failures({ dryRun: true, nonInferiorityMargin: { absolute: '0%', relative: '0%' } }), {}],
  ])('has none for %s', (_, file, assumed) => {
    expect(warnings(file, assumed)).toEqual([])
  })

  it.each([
    [
      'a freeze without an end',
      { freeze: [{}] },
      {},
      ['freeze: the windows leave no time in which a rollout could start'],
    ],
    [
      'two freezes that leave too little time between them',
      {
        freeze: [
          { from: '00:00', to: '22:00', timeZone: 'Europe/Berlin' },
          { from: '22:20', to: '24:00', timeZone: 'Europe/Berlin' },
        ],
      },
      {},
      [
        'freeze: steps and promotion take 30m 10s, the longest time between two freezes is 20m: every rollout is held by one',
      ],
    ],
    [
      'too little traffic for the samples of a step',
      { ...none, steps: [{ weight: '1%', duration: '2m', minSamples: 200 }] },
      { ratePerSecond: 10 },
      ['steps[0].minSamples: about 12 canary messages in 2m, minSamples asks for 200: that takes 33m 20s'],
    ],
    [
      'too few samples where that ends the rollout',
      { ...none, onInsufficientData: 'rollback', steps: [{ weight: '1%', duration: '2m', minSamples: 200 }] },
      { ratePerSecond: 10 },
      [
        'steps[0].minSamples: about 12 canary messages in 2m, minSamples asks for 200: every canary is taken back there',
      ],
    ],
    [
      'too little proof where that holds the rollout',
      { ...failures(), onInsufficientData: 'pause', steps: [{ weight: '10%', duration: '1m' }] },
      { ratePerSecond: 20 },
      [
        'analysis.metrics[0].nonInferiorityMargin: the ramp brings about 12 % of the proof that a promotion needs: every rollout is held there',
      ],
    ],
    [
      'too little traffic for the deadline',
      { ...none, steps: [{ weight: '1%', duration: '2m', minSamples: 200 }], progressDeadline: '10m' },
      { ratePerSecond: 10 },
      [
        'steps[0].minSamples: about 12 canary messages in 2m, minSamples asks for 200: that takes 33m 20s',
        'progressDeadline: the steps need 33m 30s to get their samples, the deadline is 10m: every canary is taken back',
      ],
    ],
    [
      'no traffic at all',
      { ...none, steps: [{ weight: '1%', duration: '2m' }] },
      { ratePerSecond: 0 },
      [
        'steps[0].minSamples: about 0 canary messages in 2m, minSamples asks for 1: that takes for ever',
        'progressDeadline: the steps need for ever to get their samples, the deadline is 2h: every canary is taken back',
      ],
    ],
    [
      'a delay that is too long for the samples, whatever the traffic',
      { ...none, steps: [{ weight: '1%', concurrency: 1, delay: '1s', duration: '2m', minSamples: 200 }] },
      {},
      ['steps[0].minSamples: about 120 canary messages in 2m, minSamples asks for 200: that takes 3m 20s'],
    ],
    [
      'a delay that is too long for the weight',
      { ...none, steps: [{ weight: '10%', concurrency: 1, delay: '200ms', duration: '2m' }] },
      { ratePerSecond: 100 },
      [
        'steps[0].weight: concurrency 1 with a delay of 200ms begins 5 messages a second at most, 10 % of 100/s is 10: the weight cannot be reached',
      ],
    ],
    [
      'handlers that are too slow for the weight',
      { ...none, steps: [{ weight: '50%', duration: '2m' }], limits: { maxInFlight: 4 } },
      { ratePerSecond: 100, latencyMs: 500 },
      [
        'steps[0].weight: concurrency 4 with handlers of 500ms begins 8 messages a second at most, 50 % of 100/s is 50: the weight cannot be reached',
      ],
    ],
    [
      'failures that nothing compares',
      { analysis: { metrics: [{ name: 'latency' }] }, limits: { maxFailedMessages: 30 } },
      {},
      [
        'analysis.metrics: nothing compares the failures of the two versions: a canary that fails more is taken back after 30 messages or never, and promoted without proof; add { name: failures }, with dryRun: true where that is meant',
      ],
    ],
    [
      'a margin of nothing',
      failures({ nonInferiorityMargin: { absolute: '0%', relative: '0%' } }),
      {},
      [
        'analysis.metrics[0].nonInferiorityMargin: a margin of 0 can never be proven: no canary is promoted without promoteWithoutProof',
      ],
    ],
    [
      'nothing to compare with',
      { ...failures(), steps: [{ weight: '100%', duration: '10m' }] },
      {},
      [
        'analysis.metrics[0].nonInferiorityMargin: no step has a weight below 100 %, so nothing is compared: no canary is promoted without promoteWithoutProof',
      ],
    ],
    [
      'a margin that takes millions of messages',
      failures({ nonInferiorityMargin: { absolute: '0.01%', relative: '0%' } }),
      { stableFailures: 0.01 },
      [
        'analysis.metrics[0].nonInferiorityMargin: proof of a margin of 0.01 % takes 6.2 million messages of a canary as good as the stable version',
      ],
    ],
    [
      'a ramp that is too short for the proof',
      { ...failures(), steps: [{ weight: '10%', duration: '1m' }] },
      { ratePerSecond: 20 },
      [
        'analysis.metrics[0].nonInferiorityMargin: the ramp brings about 12 % of the proof that a promotion needs; it waits about 7m 30s more at 10 %',
      ],
    ],
    [
      'a deadline that is too short for the proof',
      { ...failures(), steps: [{ weight: '10%', duration: '1m' }], progressDeadline: '5m' },
      { ratePerSecond: 20 },
      [
        'progressDeadline: the ramp brings about 12 % of the proof that a promotion needs; the rest takes 7m 30s more at 10 %, and the deadline comes first',
      ],
    ],
    [
      'a rollback that takes millions of messages',
      { ...failures({ promoteWithoutProof: true }), steps: [{ weight: '10%', duration: '1m' }] },
      { stableFailures: 0.000_01 },
      [
        'analysis.metrics[0].rollbackMargin: a canary that fails 0.0022 % of its messages, where 0.0011 % is tolerated, is found after 1.6 million of them',
      ],
    ],
    [
      'a rollback that never comes',
      failures({ promoteWithoutProof: true, rollbackMargin: '1000%' }),
      { stableFailures: 0.2 },
      [
        'analysis.metrics[0].rollbackMargin: 11 times the 20 % that the stable version fails is everything: no canary is ever worse',
      ],
    ],
    [
      'settings that do nothing for what is judged at each look',
      {
        analysis: {
          metrics: [
            { name: 'failures', interval: '1s', initialDelay: '1m', failureLimit: 2, consecutiveErrorLimit: 4 },
            { name: 'latency', interval: '1m', inconclusiveLimit: 3, dryRun: true },
            { name: 'novel-errors', failureLimit: 2, consecutiveErrorLimit: 5 },
            {
              name: 'failure-ceiling',
              measure: 'failureRate',
              thresholdRange: { max: '5%' },
              interval: '1m',
              initialDelay: '1m',
              failureLimit: 2,
              inconclusiveLimit: 3,
              consecutiveErrorLimit: 5,
            },
          ],
        },
      },
      {},
      [
        ...['initialDelay', 'failureLimit'].map((key) => idle(0, key, 'failures')),
        ...['interval', 'inconclusiveLimit'].map((key) => idle(1, key, 'latency')),
        idle(2, 'consecutiveErrorLimit', 'novel-errors'),
      ],
    ],
  ])('tell of %s', (_, file, assumed, expected) => {
    expect(warnings(file, assumed)).toEqual(expected)
  })
})
