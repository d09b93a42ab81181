import { describe, expect, it } from 'vitest'
import type { ExternalReading, ProviderResult } from '../../../src/core/evidence/external.ts'
import type { ExternalMetric, Policy } from '../../../src/core/policy/policy.ts'
import { wantedReadings } from '../../../src/core/rollout/measure.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { analysisOf, buildPolicy, externalMetric, rampStep } from '../../support/build-policy.ts'
import { counts, facts } from '../../support/build-rollout.ts'
import { look, rolloutIn, say, situationOf } from './situations.ts'

const good: ProviderResult = { kind: 'value', value: 0 }
const bad: ProviderResult = { kind: 'value', value: 1 }
const none: ProviderResult = { kind: 'noData', why: 'no series' }
const away: ProviderResult = { kind: 'error', why: 'away' }

function policyWith(metric: Partial<ExternalMetric> = {}, policy: Partial<Policy> = {}): Policy {
  return buildPolicy({
    analysis: analysisOf([externalMetric(metric)]),
    steps: [rampStep({ durationMs: 10_000 })],
    ...policy,
  })
}

function reading(id: string, result: ProviderResult, ageMs = 0): { readonly logs: ExternalReading } {
  return { logs: { id, result, ageMs } }
}

/** One look of 100 ms after another, each with what the gauge gives. */
function through(rollout: Rollout, policy: Policy, looks: readonly Record<string, ExternalReading>[]): Rollout {
  const canary = facts({ live: 1, ready: 1, undrained: 1, counts: counts({ taken: 50, succeeded: 50 }) })
  return looks.reduce((state, external) => transition(state, look({ canary, external }, 100), policy).state, rollout)
}

/** A rollout whose metric is due with the next look. */
function due(policy: Policy, before: Partial<Rollout> = {}): Rollout {
  return through(rolloutIn('Progressing', { stepElapsedMs: 1_000, ...before }), policy, [{}])
}

describe('an external metric', () => {
  it('is measured each interval, by a reading that it has not measured yet', () => {
    const policy = policyWith({ intervalMs: 300, failureLimit: 9 })
    const state = through(
      due(policy),
      policy,
      Array.from({ length: 3 }, () => reading('1', bad)),
    )
    expect(state.metrics['logs']).toMatchObject({ failed: 1, inStep: 1, windowMs: 0, reading: '1' })
    const waiting = through(
      state,
      policy,
      Array.from({ length: 9 }, () => reading('1', bad)),
    )
    expect(waiting.metrics['logs']).toMatchObject({ failed: 1, inStep: 1, windowMs: 900, reading: '1' })
    const next = through(waiting, policy, [reading('2', bad), reading('3', bad)])
    expect(next.metrics['logs']).toMatchObject({ failed: 2, inStep: 2, windowMs: 100, reading: '2' })
  })

  it('is not measured before an answer is there, however long it takes', () => {
    const policy = policyWith()
    const state = through(
      due(policy),
      policy,
      Array.from({ length: 50 }, () => ({})),
    )
    expect(state.metrics['logs']).toMatchObject({ inStep: 0, last: undefined })
  })

  it('is not measured by what was asked for before its window or the step began', () => {
    const policy = policyWith({ intervalMs: 300 })
    const state = through(due(policy), policy, [{}, {}, reading('1', good, 301), reading('1', good, 401)])
    expect(state.metrics['logs']).toMatchObject({ inStep: 0 })
    expect(through(state, policy, [reading('1', good, 500)]).metrics['logs']).toMatchObject({ inStep: 1 })
    const young = through({ ...state, stepElapsedMs: 100 }, policy, [reading('1', good, 201)])
    expect(young.metrics['logs']).toMatchObject({ inStep: 0 })
    expect(through({ ...state, stepElapsedMs: 100 }, policy, [reading('1', good, 200)]).metrics['logs']).toMatchObject({
      inStep: 1,
    })
  })

  it.each<[string, Partial<ExternalMetric>, readonly ProviderResult[], string]>([
    ['the first failure', {}, [bad], 'RollingBack'],
    ['as many failures as the limit', { failureLimit: 2 }, [bad, good, bad], 'Progressing'],
    ['one more', { failureLimit: 2 }, [bad, good, bad, bad], 'RollingBack'],
    ['as many errors in a row as the limit', {}, [away, away, away, away], 'Progressing'],
    ['one more in a row', {}, [away, away, away, away, away], 'RollingBack'],
    ['as many errors, but not in a row', {}, [away, away, good, away, away, away], 'Progressing'],
    ['no data, without a limit', {}, [none, none, none, none, none], 'Progressing'],
    ['no data, as often as the limit', { inconclusiveLimit: 2 }, [none, none], 'Progressing'],
    ['no data once more', { inconclusiveLimit: 2 }, [none, good, none, none], 'Paused/insufficientData'],
    ['anything on a dry run', { dryRun: true, inconclusiveLimit: 0 }, [bad, away, none, bad], 'Progressing'],
    [
      'NaN that a provider took for a value',
      { consecutiveErrorLimit: 0 },
      [{ kind: 'value', value: Number.NaN }],
      'RollingBack',
    ],
  ])('after %s', (_, metric, results, expected) => {
    const policy = policyWith(metric)
    const state = through(
      due(policy),
      policy,
      results.map((result, index) => reading(`${index}`, result)),
    )
    expect(situationOf(state)).toBe(expected)
  })

  it.each(['pause', 'stepBack', 'rollback'] as const)('that fails does what the policy says: %s', (onFailure) => {
    const steps = [rampStep({ weight: 5 }), rampStep({ weight: 10, durationMs: 10_000 })]
    const policy = policyWith({}, { onFailure, steps })
    const state = through(due(policy, { step: 1 }), policy, [reading('1', bad)])
    expect([situationOf(state), state.step]).toEqual(
      { pause: ['Paused/failure', 1], stepBack: ['Progressing', 0], rollback: ['RollingBack', 1] }[onFailure],
    )
    expect(state.why).toContain('logs 1 is outside max 0.05')
  })

  it('is not failed once more by the reading that it was resumed from', () => {
    const policy = policyWith({}, { onFailure: 'pause' })
    const paused = through(due(policy), policy, [reading('1', bad)])
    const resumed = transition(paused, say('resume'), policy).state
    const again = through(
      resumed,
      policy,
      [100, 200, 300].map((age) => reading('1', bad, age + 100)),
    )
    expect(situationOf(again)).toBe('Progressing')
    expect(through(again, policy, [reading('2', bad)]).phase).toBe('Paused')
  })

  it.each<[string, readonly ProviderResult[], string]>([
    ['nothing measured', [], 'Progressing'],
    ['no data', [none], 'Progressing'],
    ['an error', [away], 'Progressing'],
    ['a success', [good], 'WaitingPromotion'],
  ])('lets a step pass on %s: %s', (_, results, expected) => {
    const policy = policyWith({ intervalMs: 3_600_000 }, { steps: [rampStep()] })
    const rollout = rolloutIn('Progressing', { stepElapsedMs: 900 })
    const opened = through(rollout, policy, [{}])
    const state = through(
      opened,
      policy,
      results.map((result, index) => reading(`${index}`, result)),
    )
    expect(state.phase).toBe(expected)
  })

  it('says what the step waits for', () => {
    const policy = policyWith({ intervalMs: 3_600_000 }, { steps: [rampStep()] })
    const state = through(rolloutIn('Progressing', { stepElapsedMs: 900 }), policy, [{}, {}])
    expect(state.why).toContain('logs has no measurement in this step')
    expect(through(state, policy, [reading('1', none)]).why).toContain('logs: no series')
  })
})

describe('wantedReadings', () => {
  const policy = policyWith({ intervalMs: 300, initialDelayMs: 500 })
  const names = (rollout: Rollout, external: Record<string, ExternalReading> = {}) =>
    wantedReadings(rollout, policy, external).map(({ name }) => name)

  it('wants nothing before the delay and the first interval are over, then one until it is there', () => {
    let state = rolloutIn('Progressing', { stepElapsedMs: 0 })
    const wanted: string[] = []
    for (let look_ = 1; look_ <= 9; look_++) {
      state = through(state, policy, [{}])
      wanted.push(`${100 * look_}: ${names(state).join()}`)
    }
    expect(wanted).toEqual(
      ['', '', '', '', '', '', '', 'logs', 'logs'].map((name, index) => `${100 * (index + 1)}: ${name}`),
    )
    expect(names(state, reading('1', good))).toEqual([])
    expect(names(state, reading('1', good, 5_000))).toEqual(['logs'])
    const measured = through(state, policy, [reading('1', good)])
    expect(names(measured, reading('1', good))).toEqual([])
    expect(names(through(measured, policy, [{}, {}, {}]), reading('1', good))).toEqual(['logs'])
  })

  it.each([
    ['Initialized', []],
    ['Progressing', ['logs']],
    ['Paused/step', ['logs']],
    ['Paused/operator', ['logs']],
    ['Paused/failure', []],
    ['Paused/insufficientData', []],
    ['WaitingPromotion', ['logs']],
    ['Promoting', ['logs']],
    ['Draining', []],
    ['RollingBack', []],
    ['RolledBack', []],
  ])('while %s: %j', (situation, expected) => {
    const { metrics } = through(rolloutIn('Progressing', { elapsedMs: 1_000 }), policy, [{}, {}, {}, {}])
    expect(names(rolloutIn(situation, { metrics, elapsedMs: 2_000 }))).toEqual(expected)
  })
})
