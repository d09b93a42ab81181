import { describe, expect, it } from 'vitest'
import type { Effect } from '../../../src/core/rollout/event.ts'
import { carriedOutLimit } from '../../../src/core/rollout/rollout.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { analysisOf, buildPolicy, ceilingMetric, pauseStep, rampStep } from '../../support/build-policy.ts'
import { counts, facts } from '../../support/build-rollout.ts'
import { look, rolloutIn, say, situationOf } from './situations.ts'

const policy = buildPolicy({ steps: [rampStep(), rampStep(), rampStep()] })
const whyOf = (effects: readonly Effect[]) => effects.flatMap((effect) => ('why' in effect ? [effect.why] : []))

describe('a command', () => {
  it('has its effect once, whatever comes in between', () => {
    const promote = say('promote', { id: 'once' })
    const first = transition(rolloutIn('Progressing'), promote, policy)
    const paused = transition(first.state, say('pause'), policy)
    const again = transition(paused.state, promote, policy)
    expect(first.state.step).toBe(1)
    expect(again).toEqual({ state: paused.state, effects: [] })
  })

  it('is refused once', () => {
    const resume = say('resume', { id: 'once' })
    const first = transition(rolloutIn('Initialized'), resume, policy)
    expect(first.effects).toHaveLength(1)
    expect(transition(first.state, resume, policy).effects).toEqual([])
  })

  it('is remembered among the newest only', () => {
    let state = rolloutIn('Progressing')
    for (let index = 0; index < 2 * carriedOutLimit; index++)
      state = transition(state, say('resume', { id: `${index}` }), policy).state
    expect(state.carriedOut).toHaveLength(carriedOutLimit)
    expect(state.carriedOut.at(-1)).toBe(`${2 * carriedOutLimit - 1}`)
  })

  it('pause holds a timed pause beyond its time, until it is resumed', () => {
    const timed = buildPolicy({ steps: [pauseStep(1_000), rampStep()] })
    const pausing = rolloutIn('Paused/step', { step: 0 })
    const held = transition(transition(pausing, say('pause'), timed).state, look({}, 2_000), timed).state
    expect([situationOf(held), held.step]).toEqual(['Paused/operator', 0])
    const resumed = transition(held, say('resume', { id: 'later' }), timed).state
    expect([situationOf(resumed), resumed.step]).toEqual(['Paused/step', 0])
    expect(transition(resumed, look(), timed).state).toMatchObject({ phase: 'Progressing', step: 1 })
  })

  it('that leads into a pause step says what is waited for', () => {
    const openEnded = buildPolicy({ steps: [rampStep(), pauseStep()] })
    const promoted = transition(rolloutIn('Progressing'), say('promote'), openEnded).state
    expect(promoted.why).toBe('promoted to the next step by an operator; pause until promote')
    const held = transition(promoted, say('pause', { id: 'hold' }), openEnded).state
    const resumed = transition(held, say('resume', { id: 'go', reason: 'all is well' }), openEnded).state
    expect([situationOf(resumed), resumed.why]).toEqual([
      'Paused/step',
      'resumed by an operator: all is well; pause until promote',
    ])
  })

  it('says its reason in the history', () => {
    const { state } = transition(rolloutIn('Progressing'), say('abort', { reason: 'the pager rang' }), policy)
    expect(state.history.at(-1)?.why).toBe('aborted by an operator: the pager rang')
  })

  it.each([
    ['abort', 'Draining', {}, 'abort refused: v2 is in charge already; use undo once the drain has ended'],
    [
      'promote',
      'Initialized',
      {},
      'promote refused: there is no step to go on from in Initialized; use --full to skip the ramp',
    ],
    [
      'promote',
      'Paused/failure',
      {},
      'promote refused: it is held by a failure; use resume to try again, or --full to promote all the same',
    ],
    [
      'promote',
      'WaitingPromotion',
      {},
      'promote refused: there is no step to go on from in WaitingPromotion; use --full to promote without what it waits for',
    ],
    ['promote', 'Promoting', {}, 'promote refused: there is no step to go on from in Promoting'],
    [
      'promote',
      'Paused/failure',
      { harmed: 25 },
      'promote refused: 25 messages failed on the canary: the failure budget of 25 is spent',
    ],
    ['resume', 'Paused/step', {}, 'resume refused: a pause step ends by promote'],
    ['pause', 'Succeeded', {}, 'pause refused: the rollout has ended: Succeeded'],
    [
      'resume',
      'Paused/failure',
      { harmed: 25 },
      'resume refused: 25 messages failed on the canary: the failure budget of 25 is spent',
    ],
  ] as const)('%s in %s is refused with the reason', (kind, situation, before, why) => {
    expect(whyOf(transition(rolloutIn(situation, before), say(kind), policy).effects)).toEqual([why])
  })

  it('promote --full does not stand above the failure budget', () => {
    const { state, effects } = transition(
      rolloutIn('Paused/failure', { harmed: 25 }),
      say('promote', { full: true }),
      policy,
    )
    expect([state.phase, whyOf(effects)[0]]).toEqual([
      'Paused',
      expect.stringContaining('the failure budget of 25 is spent'),
    ])
  })

  const failing = buildPolicy({
    analysis: analysisOf([ceilingMetric()]),
    onFailure: 'pause',
    promotion: { workers: 1, durationMs: 5_000 },
  })
  const failed = { canary: facts({ live: 1, ready: 1, counts: counts({ succeeded: 4, failed: 4 }) }) }

  it.each([
    ['resume', {}, 'Progressing'],
    ['promote', { full: true }, 'Promoting'],
  ] as const)('%s after a failed metric is not undone by the failure of before', (kind, parts, expected) => {
    const opened = transition(rolloutIn('Progressing'), look(), failing).state
    const held = transition(opened, look(failed, 100), failing).state
    expect(situationOf(held)).toBe('Paused/failure')
    const wished = transition(held, say(kind, parts), failing).state
    const later = transition(transition(wished, look(failed, 100), failing).state, look(failed, 100), failing).state
    expect(later.phase).toBe(expected)
  })

  it('promote after an inconclusive metric is not undone by the inconclusiveness of before', () => {
    const unclear = buildPolicy({
      steps: policy.steps,
      analysis: analysisOf([ceilingMetric({ inconclusiveLimit: 0 })]),
    })
    const opened = transition(rolloutIn('Progressing'), look(), unclear).state
    const held = transition(opened, look({}, 100), unclear).state
    expect(situationOf(held)).toBe('Paused/insufficientData')
    const next = transition(transition(held, say('promote'), unclear).state, look(), unclear).state
    expect([next.phase, next.step]).toEqual(['Progressing', 1])
  })
})

describe('the promotion', () => {
  const ready = { phaseElapsedMs: 10_000 }

  it('without a ramp waits for the metrics that the policy asks for', () => {
    const blueGreen = buildPolicy({ strategy: 'blueGreen', steps: [], analysis: analysisOf([ceilingMetric()]) })
    const begun = transition(rolloutIn('Initialized'), look(), blueGreen).state
    expect(begun.phase).toBe('Promoting')
    const quiet = [1, 2, 3].reduce((state) => transition(state, look({}, 200), blueGreen).state, begun)
    expect([quiet.phase, quiet.why]).toEqual(['Promoting', 'failureRate: no message of the canary to measure'])
    const handled = { canary: facts({ live: 1, ready: 1, counts: counts({ succeeded: 9 }) }) }
    expect(transition(quiet, look(handled, 200), blueGreen).state.phase).toBe('Draining')
  })

  it.each([
    ['without metrics', buildPolicy({ strategy: 'blueGreen', steps: [] })],
    [
      'with a policy that promotes without data',
      buildPolicy({ steps: [], analysis: analysisOf([ceilingMetric()]), onInsufficientData: 'promote' }),
    ],
    ['after a ramp', buildPolicy({ analysis: analysisOf([ceilingMetric()]) })],
  ])('does not wait for metrics %s', (_, policyOfCase) => {
    expect(transition(rolloutIn('Promoting', ready), look(), policyOfCase).state.phase).toBe('Draining')
  })

  it('of a blue/green rollout does not wait for a version of which nobody is left, nor for what only that could take, unless reports are lost', () => {
    const policy = buildPolicy({ strategy: 'blueGreen', steps: [] })
    const alone = look({ stable: facts({ counts: counts({ taken: 5 }) }), handBackBacklog: 3 }, 10_000)
    const begun = transition(rolloutIn('Initialized'), alone, policy).state
    expect(begun.phase).toBe('Promoting')
    expect(transition(begun, alone, policy).state.phase).toBe('Draining')
    expect(transition(rolloutIn('Initialized'), alone, buildPolicy({})).state.phase).toBe('Initialized')
    const beside = look({ handBackBacklog: 3 }, 10_000)
    expect(transition(begun, beside, policy).state.phase).toBe('Promoting')
    const uncounted = { ...begun, recountMs: 20_000 }
    expect(transition(uncounted, alone, policy).state.phase).toBe('Promoting')
  })

  it('of a blue/green rollout waits where the version in charge has left no trace: the store may have lost its reports', () => {
    const policy = buildPolicy({ strategy: 'blueGreen', steps: [] })
    const traceless = look({ stable: facts() }, 1_000)
    let rollout = rolloutIn('Initialized')
    for (let seconds = 0; seconds < 6; seconds += 1) rollout = transition(rollout, traceless, policy).state
    expect(rollout.phase).toBe('Initialized')
    const appeared = look({ stable: facts({ live: 1, undrained: 1 }) }, 1_000)
    expect(transition(rollout, appeared, policy).state.phase).toBe('Initialized')
    expect(transition(rollout, traceless, policy).state.phase).toBe('Promoting')
  })

  it('waits for the workers that the policy asks for, then and at the commit', () => {
    const three = buildPolicy({ promotion: { workers: 3, durationMs: 1_000 } })
    const with3 = { canary: facts({ live: 3, ready: 3 }) }
    const waiting = transition(rolloutIn('WaitingPromotion'), look(), three).state
    expect([waiting.phase, waiting.why]).toEqual(['WaitingPromotion', 'waiting for 3 ready consumers of v2: 1'])
    const promoting = transition(waiting, look(with3), three).state
    expect(promoting.phase).toBe('Promoting')
    const lost = transition(promoting, look({}, 2_000), three).state
    expect(lost.phase).toBe('Promoting')
    expect(transition(lost, look(with3), three).state.phase).toBe('Draining')
  })
})

describe('a drain', () => {
  it('says that it waits for who may live while reports are lost, and its own reason again once they are there', () => {
    const draining = rolloutIn('Draining', { recountMs: 6_000 })
    const policy = buildPolicy({})
    const lost = transition(draining, look({ stable: facts() }), policy).state
    expect([lost.phase, lost.why]).toEqual([
      'Draining',
      'waiting: the store may have lost reports, and consumers of v1 may live',
    ])
    const again = transition(lost, look({ stable: facts({ live: 1, undrained: 1 }) }), policy).state
    expect(again.why).toBe(draining.history.at(-1)?.why)
  })
})
