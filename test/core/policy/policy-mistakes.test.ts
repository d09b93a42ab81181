import { describe, expect, it } from 'vitest'
import { readPolicyText } from '../../../src/policy-file.ts'

const durations = 'a duration from 0s to 365d (units ms, s, m, h, d)'

/** What is wrong, the file, and every line that is said about it. */
const mistakes: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a weight that is no percentage',
    'strategy: canary\nsteps:\n  - { weight: 1%, duration: 2m }\n  - { weight: abc, duration: 2m }\n',
    ['steps[1].weight: expected a percentage above 0 and up to 100, found "abc" (line 4, column 15)'],
  ],
  [
    'a weight without its unit',
    'steps:\n  - weight: 10\n    duration: 2m\n',
    ['steps[0].weight: expected a percentage above 0 and up to 100, found 10 without a "%" (line 2, column 13)'],
  ],
  [
    'a weight above 100 %',
    'steps: [{ weight: 101%, duration: 2m }]',
    ['steps[0].weight: expected a percentage above 0 and up to 100, found "101%" (line 1, column 19)'],
  ],
  [
    'a weight of nothing',
    'steps: [{ weight: 0%, duration: 2m }]',
    [
      'steps[0].weight: expected a percentage above 0 (a step that takes no messages never passes), found 0% (line 1, column 19)',
    ],
  ],
  [
    'weights that decrease',
    'steps:\n  - { weight: 10%, duration: 2m }\n  - { pause: {} }\n  - { weight: 5%, duration: 2m }\n  - { weight: 7%, duration: 2m }\n',
    [
      'steps[2].weight: expected at least the 10% of an earlier step, found 5% (line 4, column 15)',
      'steps[3].weight: expected at least the 10% of an earlier step, found 7% (line 5, column 15)',
    ],
  ],
  [
    'a missing weight and an unknown key',
    'steps:\n  - wieght: 5%\n    duration: 2m\n',
    [
      'steps[0].wieght: expected one of the keys weight, concurrency, delay, duration, minSamples, found "wieght" (line 2, column 5)',
      'steps[0].weight: expected a percentage above 0 and up to 100, found nothing (line 2, column 5)',
    ],
  ],
  [
    'a duration without unit',
    'steps:\n  - { weight: 5%, duration: 120 }\n',
    [`steps[0].duration: expected ${durations}, found 120 without a unit (line 2, column 29)`],
  ],
  [
    'a pace that cannot be kept',
    'steps:\n  - { weight: 5%, duration: 2m, delay: 2ms }\n',
    ['steps[0].delay: expected 0s or at least 5ms (a shorter pace cannot be kept), found 2ms (line 2, column 40)'],
  ],
  [
    'a concurrency of none and no samples',
    'steps:\n  - { weight: 5%, duration: 2m, concurrency: 0, minSamples: 0.5 }\n',
    [
      'steps[0].concurrency: expected a whole number from 1 to 1000000, found 0 (line 2, column 46)',
      'steps[0].minSamples: expected a whole number from 1 to 1000000000, found 0.5 (line 2, column 61)',
    ],
  ],
  [
    'a pause with a weight',
    'steps:\n  - { weight: 5%, duration: 2m }\n  - { pause: { duration: -1s }, weight: 5% }\n',
    [
      'steps[1].pause.duration: expected a duration from 1ms to 365d (units ms, s, m, h, d), found "-1s" (line 3, column 26)',
      'steps[1].weight: expected one of the keys pause, found "weight" (line 3, column 33)',
    ],
  ],
  [
    'nothing but pauses',
    'steps: [{ pause: {} }]',
    ['steps: expected at least one step with a weight, found only pauses (line 1, column 8)'],
  ],
  ['no steps', 'steps: []', ['steps: expected a list of 1 to 100 items, found a list of 0 (line 1, column 8)']],
  [
    'steps without a list',
    'steps: { weight: 5% }',
    ['steps: expected a list of 1 to 100 items, found an object (line 1, column 8)'],
  ],
  [
    'two forms of the ramp',
    'stepWeights: [1%, 5%]\ninterval: 5m\nramp: {}\n',
    ['ramp: expected only one of steps, stepWeights or ramp, found stepWeights too (line 3, column 7)'],
  ],
  [
    'an interval of nothing',
    'extends: fast\ninterval: 5m\n',
    ['interval: expected steps or stepWeights beside it, found neither (line 2, column 11)'],
  ],
  [
    'weights with blueGreen',
    'strategy: blueGreen\nsteps: [{ weight: 5%, duration: 2m }]\n',
    ['steps: expected no weights with strategy blueGreen, only pauses, found weights (line 2, column 8)'],
  ],
  [
    'words that are none',
    'strategy: bluegreen\nonFailure: halt\nextends: slow\n',
    [
      'strategy: expected canary, blueGreen or rolling, found "bluegreen" (line 1, column 11)',
      'onFailure: expected rollback, pause or stepBack, found "halt" (line 2, column 12)',
      'extends: expected careful, standard or fast, found "slow" (line 3, column 10)',
    ],
  ],
  [
    'a key that stands twice',
    'limits:\n  maxInFlight: 5\n  maxInFlight: 9\n',
    ['limits.maxInFlight: expected a key that stands here once, found it again (line 3, column 3)'],
  ],
  [
    'keys that JavaScript knows',
    'limits: { __proto__: { maxInFlight: 1 }, constructor: 1 }',
    [
      'limits.__proto__: expected one of the keys maxFailedMessages, maxInFlight, maxReceiveCount, found "__proto__" (line 1, column 11)',
      'limits.constructor: expected one of the keys maxFailedMessages, maxInFlight, maxReceiveCount, found "constructor" (line 1, column 42)',
    ],
  ],
  [
    'a deadline before the end',
    'steps: [{ weight: 5%, duration: 90m }]\npromotion: { duration: 30m }\nprogressDeadline: 2h\n',
    ['progressDeadline: expected more than the 2h that steps and promotion take, found 2h (line 3, column 19)'],
  ],
  [
    'a default deadline before the end',
    'stepWeights: [1%, 50%]\ninterval: 1h\n',
    ['progressDeadline: expected more than the 2h 10s that steps and promotion take, found the default 2h'],
  ],
  [
    'a ceiling in the wrong unit, without bounds, or upside down',
    'analysis:\n  metrics:\n' +
      '    - { name: a, measure: p95, thresholdRange: { max: 5% } }\n' +
      '    - { name: b, measure: failureRate, thresholdRange: {} }\n' +
      '    - { name: c, measure: backlog, thresholdRange: { min: 5, max: 4 } }\n' +
      '    - { name: d, measure: p96, thresholdRange: { max: 4 }, interval: 1 }\n',
    [
      `analysis.metrics[0].thresholdRange.max: expected ${durations}, found "5%" (line 3, column 55)`,
      'analysis.metrics[1].thresholdRange: expected min, max or both, found neither (line 4, column 56)',
      'analysis.metrics[2].thresholdRange.max: expected at least min (5), found 4 (line 5, column 67)',
      'analysis.metrics[3].measure: expected failureRate, p50, p95, p99, timeouts, deadLetters, backlog, oldestAge or eventLoopDelay, found "p96" (line 6, column 27)',
      'analysis.metrics[3].interval: expected a duration from 100ms to 365d (units ms, s, m, h, d), found 1 without a unit (line 6, column 70)',
    ],
  ],
  [
    'metrics that nobody knows, and names that stand twice',
    'analysis:\n  metrics:\n    - name: latency\n    - name: latncy\n    - name: latency\n',
    [
      'analysis.metrics[1].name: expected failures, latency, novel-errors, failure-ceiling, or a name of your own beside measure or provider, found "latncy" (line 4, column 13)',
      'analysis.metrics[2].name: expected a name that no metric before it has, found "latency" (line 5, column 13)',
    ],
  ],
  [
    'an external metric without a provider that exists',
    'analysis:\n  metrics:\n    - { name: failures, provider: { graphite: {} }, thresholdRange: { max: 1 } }\n    - { name: constructor, provider: {}, thresholdRange: { max: 5% } }\n',
    [
      'analysis.metrics[0].name: expected a name that no built-in metric has, found "failures" (line 3, column 15)',
      'analysis.metrics[0].provider.graphite: expected one of the keys prometheus, http, datadog, cloudwatch, found "graphite" (line 3, column 37)',
      'analysis.metrics[1].name: expected a name that JavaScript does not use for itself, found "constructor" (line 4, column 15)',
      'analysis.metrics[1].provider: expected one of prometheus, http, datadog or cloudwatch, found none (line 4, column 38)',
      'analysis.metrics[1].thresholdRange.max: expected a number, found "5%" (line 4, column 65)',
    ],
  ],
  [
    'levels that prove nothing',
    'analysis: { interval: 10ms, significanceLevel: 0%, promotionErrorRate: 60%, metrics: none }',
    [
      'analysis.interval: expected a duration from 100ms to 365d (units ms, s, m, h, d), found "10ms" (line 1, column 23)',
      'analysis.significanceLevel: expected a percentage from 0.001 to 50, found "0%" (line 1, column 48)',
      'analysis.promotionErrorRate: expected a percentage from 0.001 to 50, found "60%" (line 1, column 72)',
      'analysis.metrics: expected a list of at most 32 items, found "none" (line 1, column 86)',
    ],
  ],
  [
    'limits, promotion and drain out of bounds',
    'limits: { maxFailedMessages: 0 }\npromotion: { workers: many, duration: 400d }\ndrain: { timeout: , onTimeout: kill }\n',
    [
      'limits.maxFailedMessages: expected a whole number from 1 to 1000000, found 0 (line 1, column 30)',
      'promotion.workers: expected a whole number from 1 to 100000, found "many" (line 2, column 23)',
      `promotion.duration: expected ${durations}, found "400d" (line 2, column 39)`,
      `drain.timeout: expected ${durations}, found null (line 3, column 19)`,
      'drain.onTimeout: expected handBack or wait, found "kill" (line 3, column 32)',
    ],
  ],
  [
    'a webhook with a password, shown without it',
    'webhooks:\n  - { name: a, type: events, url: "https://me:secret@hooks.example/token" }\n',
    [
      'webhooks[0].type: expected confirm-rollout, confirm-traffic-increase, confirm-promotion, rollout, promoted, rollback or event, found "events" (line 2, column 22)',
      'webhooks[0].url: expected an http or https URL without credentials, found https://hooks.example (line 2, column 35)',
    ],
  ],
  [
    'a ramp without budget or end',
    'ramp: { failureBudget: 0, maxWeight: 0%, minDuration: 2h, maxDuration: 1h }\n',
    [
      'ramp.failureBudget: expected a whole number from 1 to 1000000, found 0 (line 1, column 24)',
      'ramp.maxWeight: expected a percentage above 0 (a step that takes no messages never passes), found 0% (line 1, column 38)',
    ],
  ],
  [
    'a ramp upside down',
    'ramp: { minDuration: 2h, maxDuration: 1h }\n',
    ['ramp.maxDuration: expected at least minDuration (2h), found 1h (line 1, column 39)'],
  ],
  [
    'tests that test nothing',
    'tests:\n  - { given: { rate: 50, failures: 1% }, expect: { phase: Done, within: soon } }\n',
    [
      'tests[0].given.rate: expected a rate such as 50/s (per s, m or h), found 50 without a unit (line 2, column 22)',
      'tests[0].given.failures: expected one of the keys rate, stableFailures, canaryFailures, latency, canaryLatency, onset, traffic, found "failures" (line 2, column 26)',
      'tests[0].expect.phase: expected Succeeded, RolledBack, Paused or WaitingPromotion, found "Done" (line 2, column 59)',
      `tests[0].expect.within: expected ${durations}, found "soon" (line 2, column 73)`,
    ],
  ],
]

describe('a policy file with', () => {
  it.each(mistakes)('%s', (_, text, lines) => {
    expect(readPolicyText(text)).toStrictEqual({ ok: false, problems: lines })
  })
})
