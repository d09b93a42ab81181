import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import { presets } from '../../../src/core/policy/presets.ts'
import { canonicalPolicy, showPolicy } from '../../../src/core/policy/show-policy.ts'
import { policyDigest } from '../../../src/policy-digest.ts'
import { policyYaml, readPolicyText } from '../../../src/policy-file.ts'
import { examplePolicy } from './example-policy.ts'
import { policyFiles } from './policy-files.ts'

function policyOf(file: unknown): Policy {
  const parsed = parsePolicy(file)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

const step = { kind: 'ramp', concurrency: undefined, delayMs: 0, minSamples: 1 } as const

describe('defaults', () => {
  it('are the standard preset', () => {
    expect(policyOf({})).toStrictEqual({
      strategy: 'canary',
      steps: [
        { ...step, weight: 1, durationMs: 300_000 },
        { ...step, weight: 5, durationMs: 300_000 },
        { ...step, weight: 25, durationMs: 600_000 },
        { ...step, weight: 50, durationMs: 600_000 },
      ],
      ramp: undefined,
      analysis: {
        intervalMs: 1000,
        significanceLevel: 0.01,
        promotionErrorRate: 0.05,
        metrics: policyOf({ analysis: { metrics: [{ name: 'failures' }, { name: 'latency', dryRun: true }] } }).analysis
          .metrics,
      },
      limits: { maxFailedMessages: 25, maxInFlight: 50, maxReceiveCount: 3 },
      onFailure: 'rollback',
      onInsufficientData: 'extend',
      progressDeadlineMs: 7_200_000,
      promotion: { workers: 1, durationMs: 10_000 },
      drain: { timeoutMs: 60_000, onTimeout: 'handBack' },
      rollbackWindowMs: 0,
      freeze: [],
      webhooks: [],
      aliases: [],
      tests: [],
    })
    expect(policyOf({ extends: 'standard' })).toStrictEqual(policyOf({}))
  })

  it('of a metric follow the interval of the analysis, except where something is measured afar or by bounds', () => {
    const { metrics } = policyOf({
      analysis: {
        interval: '2s',
        metrics: [
          { name: 'failures' },
          { name: 'latency' },
          { name: 'novel-errors', interval: '3s' },
          { name: 'failure-ceiling', measure: 'p99', thresholdRange: { max: '2s' } },
          { name: 'afar', provider: { datadog: { site: 'eu' } }, thresholdRange: { min: 0 } },
        ],
      },
    }).analysis
    const limits = {
      initialDelayMs: 0,
      failureLimit: 0,
      inconclusiveLimit: undefined,
      consecutiveErrorLimit: 4,
      dryRun: false,
    }
    expect(metrics).toEqual([
      {
        kind: 'failures',
        name: 'failures',
        rollbackMargin: 0.1,
        nonInferiorityMargin: { absolute: 0.005, relative: 0.5 },
        promoteWithoutProof: false,
        intervalMs: 2000,
        ...limits,
      },
      { kind: 'latency', name: 'latency', slowdownTolerance: 0.25, intervalMs: 2000, ...limits },
      { kind: 'novel-errors', name: 'novel-errors', intervalMs: 3000, ...limits },
      {
        kind: 'failure-ceiling',
        name: 'failure-ceiling',
        measure: 'p99',
        threshold: { min: undefined, max: 2000 },
        intervalMs: 10_000,
        ...limits,
      },
      {
        kind: 'external',
        name: 'afar',
        provider: { kind: 'datadog', settings: { site: 'eu' } },
        threshold: { min: 0, max: undefined },
        intervalMs: 10_000,
        ...limits,
      },
    ])
  })
})

describe('short forms', () => {
  it('a step without a duration lasts for the interval, and that is five minutes', () => {
    expect(policyOf({ stepWeights: ['5%'] })).toStrictEqual(policyOf({ steps: [{ weight: '5%', duration: '5m' }] }))
    expect(policyOf({ steps: [{ weight: '5%' }] })).toStrictEqual(policyOf({ stepWeights: ['5%'], interval: '5m' }))
  })

  it('stepWeights with interval are steps', () => {
    const long = { steps: ['1%', '5%'].map((weight) => ({ weight, duration: '5m' })) }
    expect(policyOf({ stepWeights: ['1%', '5%'], interval: '5m' })).toStrictEqual(policyOf(long))
  })

  it('interval is the duration of steps that have none', () => {
    const { steps } = policyOf({
      interval: '5m',
      steps: [{ weight: '1%' }, { pause: {} }, { weight: '5%', duration: '1s' }],
    })
    expect(steps.map(({ durationMs }) => durationMs)).toStrictEqual([300_000, undefined, 1000])
  })

  it.each([{ strategy: 'blueGreen' }, { strategy: 'rolling' }])('%j needs no steps', (file) => {
    expect(policyOf(file).steps).toStrictEqual([])
  })

  it('blueGreen may pause', () => {
    expect(policyOf({ strategy: 'blueGreen', steps: [{ pause: {} }] }).steps).toStrictEqual([
      { kind: 'pause', durationMs: undefined },
    ])
  })

  it.each(['careful', 'standard', 'fast'] as const)(
    'the preset %s fills in what the file leaves out, and no more',
    (name) => {
      const policy = policyOf({ extends: name })
      expect(policy.steps).toStrictEqual(policyOf({ steps: presets[name].steps, progressDeadline: '1d' }).steps)
      expect(showPolicy(policy)).toMatchObject({ limits: { maxFailedMessages: presets[name].maxFailedMessages } })
      const own = policyOf({
        extends: name,
        steps: [{ weight: '3%', duration: '1s' }],
        limits: { maxFailedMessages: 7 },
      })
      expect([own.steps.length, own.limits.maxFailedMessages, own.limits.maxInFlight]).toStrictEqual([1, 7, 50])
    },
  )
})

describe('the example of the documentation', () => {
  it('is a policy', () => {
    const read = readPolicyText(examplePolicy)
    if (!read.ok) throw new Error(read.problems.join('\n'))
    const { policy } = read
    expect(policy.steps).toStrictEqual([
      { ...step, weight: 1, concurrency: 1, delayMs: 200, durationMs: 120_000, minSamples: 200 },
      { ...step, weight: 10, concurrency: 4, durationMs: 300_000 },
      { kind: 'pause', durationMs: undefined },
      { ...step, weight: 50, durationMs: 600_000 },
    ])
    expect(policy.analysis.metrics.map(({ kind }) => kind)).toStrictEqual([
      'failures',
      'latency',
      'failure-ceiling',
      'novel-errors',
      'external',
    ])
    expect(policy).toMatchObject({
      promotion: { workers: 3, durationMs: 600_000 },
      webhooks: [{ name: 'tell-us', type: 'event', timeoutMs: 5000 }],
      aliases: [{ kind: 'elasticsearch', settings: { alias: 'orders' } }],
      tests: [{ given: { rate: '50/s' } }, { expect: { within: '40m' } }],
    })
  })
})

describe('every policy', () => {
  it('is read again from what is shown of it, as value and as YAML, with the same digest', () => {
    fc.assert(
      fc.property(policyFiles(), (file) => {
        const policy = policyOf(file)
        expect(parsePolicy(showPolicy(policy))).toStrictEqual({ ok: true, policy })
        const read = readPolicyText(policyYaml(policy))
        expect(read).toStrictEqual({ ok: true, policy })
        expect(canonicalPolicy(policyOf(JSON.parse(canonicalPolicy(policy))))).toBe(canonicalPolicy(policy))
      }),
      { numRuns: 100 },
    )
  })

  it('has a digest that tells policies apart, not files', () => {
    const digest = (text: string) => {
      const read = readPolicyText(text)
      return read.ok ? policyDigest(read.policy) : read.problems
    }
    expect(digest('{}')).toMatch(/^sha256:[\da-f]{64}$/)
    expect(digest('drain: { timeout: 1m }\nextends: standard\n')).toBe(digest('{}'))
    expect(digest('drain: { timeout: 61s }')).not.toBe(digest('{}'))
  })
})

describe('any value', () => {
  it('is read or refused with reasons, and nothing is thrown', () => {
    const broken = policyFiles().chain((file) =>
      fc.tuple(fc.constantFrom(...Object.keys(file)), fc.anything()).map(([key, junk]) => ({ ...file, [key]: junk })),
    )
    fc.assert(
      fc.property(
        fc.oneof(fc.anything({ withNullPrototype: true, withDate: true, withMap: true }), broken),
        (value) => {
          const parsed = parsePolicy(value)
          expect(parsed.ok || parsed.problems.length > 0).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})
