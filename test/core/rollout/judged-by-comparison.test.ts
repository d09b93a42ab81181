import { describe, expect, it } from 'vitest'
import type { Policy } from '../../../src/core/policy/policy.ts'
import { beginComparison } from '../../../src/core/rollout/comparison.ts'
import type { Comparison } from '../../../src/core/rollout/comparison.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { comparing } from '../../support/build-comparison.ts'
import { buildPolicy, rampStep } from '../../support/build-policy.ts'
import { counts, facts, observation } from '../../support/build-rollout.ts'
import { look, rolloutIn, say } from './situations.ts'

const policyWith = (metric: object = {}, parts: Partial<Policy> = {}) =>
  buildPolicy({ analysis: comparing(metric), ...parts })
const ready = { live: 1, ready: 1, undrained: 1 }
const seen = observation({
  stable: facts(ready),
  canary: facts({ ...ready, counts: counts({ taken: 50, succeeded: 50 }) }),
})

const opened = beginComparison({ policy: policyWith(), seen, elapsedMs: 0 }, 1)

/** What a comparison says, without the messages that it took to say it. */
function saying(parts: { suspicious?: boolean; evidence?: number; proven?: boolean; outage?: boolean }): Comparison {
  const { evidence = 1, proven = false, outage = false } = parts
  const { promotion } = opened.judge
  return {
    ...opened,
    judge: {
      ...opened.judge,
      start: { messages: 1_000, failed: 10 },
      peak: evidence,
      rollback: { ...opened.judge.rollback, failures: { evidence: [evidence], reserve: 0, restarts: 0, since: 0 } },
      promotion: promotion && { ...promotion, promotion: proven ? [4, 4] : [0, 0] },
    },
    recent: outage ? { messages: 100, failed: 50 } : { messages: 100, failed: 1 },
  }
}

function after(
  situation: string,
  comparison: Comparison,
  policy = policyWith(),
  parts: Partial<Rollout> = {},
): Rollout {
  return transition(rolloutIn(situation, { comparison, ...parts }), look(seen), policy).state
}

describe('a step', () => {
  const over = { stepElapsedMs: 10_000 }

  it.each<[string, Parameters<typeof saying>[0], string, RegExp]>([
    ['passes when nothing speaks against it', {}, 'WaitingPromotion', /ramp is complete/],
    ['does not pass while the canary is suspected', { evidence: 20 }, 'Progressing', /evidence 20 of 100.*too much/],
    ['ends in a rollback when it is worse', { evidence: 150 }, 'RollingBack', /evidence 150 of 100.*roll back/],
    ['does not pass while the stable version is in trouble', { outage: true }, 'Progressing', /stable version itself/],
  ])('%s', (_, says, phase, why) => {
    const rollout = after('Progressing', saying(says), policyWith(), over)
    expect([rollout.phase, rollout.why]).toEqual([phase, expect.stringMatching(why)])
  })

  it('goes back a step where the policy says so, and judges anew at half the level', () => {
    const steps = [rampStep(), rampStep({ weight: 50 })]
    const policy = policyWith({}, { steps, onFailure: 'stepBack' })
    const { phase, step, comparison } = after('Progressing', saying({ evidence: 150 }), policy, { step: 1 })
    expect({ phase, step }).toEqual({ phase: 'Progressing', step: 0 })
    expect(comparison?.judge).toMatchObject({ losses: 1, peak: 1 })
  })

  it('that was held by a failure is judged anew when an operator resumes it', () => {
    const rollout = rolloutIn('Paused/failure', { comparison: saying({ evidence: 150 }) })
    const resumed = transition(rollout, say('resume'), policyWith()).state
    expect(transition(resumed, look(seen), policyWith()).state.phase).toBe('Progressing')
  })
})

describe('a promotion', () => {
  it.each<[string, Parameters<typeof saying>[0], { metric?: object } & Partial<Policy>, string]>([
    ['needs proof', {}, {}, 'WaitingPromotion'],
    ['goes on with proof', { proven: true }, {}, 'Promoting'],
    ['goes on without where the policy waives it', {}, { metric: { promoteWithoutProof: true } }, 'Promoting'],
    ['goes on without where data may lack', {}, { onInsufficientData: 'promote' }, 'Promoting'],
    ['is taken back without where data must not lack', {}, { onInsufficientData: 'rollback' }, 'RollingBack'],
    ['is held without where the policy says so', {}, { onInsufficientData: 'pause' }, 'Paused'],
    ['is taken back on a failure, proof or not', { proven: true, evidence: 150 }, {}, 'RollingBack'],
    ['waits for the end of an outage', { proven: true, outage: true }, {}, 'WaitingPromotion'],
    ['needs none without a ramp', {}, { strategy: 'blueGreen', steps: [] }, 'Promoting'],
  ])('%s', (_, says, { metric, ...parts }, phase) => {
    expect(after('WaitingPromotion', saying(says), policyWith(metric, parts)).phase).toBe(phase)
  })

  it('waits while the canary is suspected: it would raise the share', () => {
    const { phase, why } = after('WaitingPromotion', saying({ proven: true, evidence: 20 }))
    expect([phase, why]).toEqual(['WaitingPromotion', expect.stringMatching(/too much to go on with/)])
  })

  describe('that is held without proof', () => {
    const ramped = policyWith({}, { onInsufficientData: 'pause', steps: [rampStep(), rampStep({ durationMs: 5_000 })] })
    const held = rolloutIn('Paused/insufficientData', { step: 2, comparison: saying({ evidence: 3 }) })

    it('goes on with the last step of the ramp, and with what is known, when an operator resumes it', () => {
      const resumed = transition(held, say('resume'), ramped).state
      expect(resumed).toMatchObject({ phase: 'Progressing', step: 1, comparison: { judge: { losses: 0, peak: 3 } } })
      expect(transition(resumed, look(seen), ramped).state).toMatchObject({ phase: 'Progressing', step: 1 })
    })

    it('has no next step to be promoted to', () => {
      const { state, effects } = transition(held, say('promote'), ramped)
      expect([state.phase, effects]).toEqual(['Paused', [{ kind: 'refuse', why: expect.stringMatching(/--full/) }]])
    })
  })

  it('says what is missing', () => {
    expect(after('WaitingPromotion', saying({})).why).toMatch(/proof 1 of 20 that it is not worse by/)
  })
})

describe('errors that the stable version never raised', () => {
  const policy = buildPolicy({ analysis: comparing({}, [{ name: 'novel-errors', failureLimit: 2 }]) })
  const errors = (stable: object, canary: object) =>
    observation({
      stable: facts({ ...ready, errors: { ...stable } }),
      canary: facts({ ...ready, errors: { ...canary } }),
    })

  it.each([
    ['none', {}, {}, 'Progressing'],
    ['known ones', { TypeError: 1 }, { TypeError: 9 }, 'Progressing'],
    ['as many as are let pass', {}, { TypeError: 2 }, 'Progressing'],
    ['one more', {}, { TypeError: 2, RangeError: 1 }, 'RollingBack'],
    ['a name that objects have', {}, { constructor: 3 }, 'RollingBack'],
  ])('%s', (_, stable, canary, phase) => {
    const rollout = rolloutIn('Progressing', { comparison: opened, errorsBefore: {} })
    expect(transition(rollout, look(errors(stable, canary)), policy).state.phase).toBe(phase)
  })

  it('count from the beginning of the rollout: a consumer may have lived before', () => {
    const begun = transition(rolloutIn('Initialized'), look(errors({}, { TypeError: 9 })), policy).state
    expect(begun.phase).toBe('Progressing')
    const more = transition(begun, look(errors({}, { TypeError: 11 })), policy).state
    expect(more.phase).toBe('Progressing')
    expect(transition(more, look(errors({}, { TypeError: 12 })), policy).state.phase).toBe('RollingBack')
  })

  it.each<[string, string, ReturnType<typeof say>]>([
    ['resumes', 'Paused/failure', say('resume')],
    ['promotes in full', 'Progressing', say('promote', { full: true })],
  ])('that were raised before do not undo the wish of an operator who %s', (_, situation, wish) => {
    const before = rolloutIn(situation, { comparison: opened, errorsBefore: {} })
    const wished = transition(before, wish, policy).state
    expect(transition(wished, look(errors({}, { TypeError: 9 })), policy).state.phase).not.toBe('RollingBack')
  })

  it('wait for what the stable version makes of the messages', () => {
    const canary = facts({ ...ready, errors: { Poison: 4 }, counts: counts({ taken: 4, failed: 4, handedBack: 4 }) })
    const after = (stable: Parameters<typeof facts>[0]) => {
      const told = observation({ handsBack: true, stable: facts({ ...ready, ...stable }), canary })
      return transition(rolloutIn('Progressing', { comparison: opened, errorsBefore: {} }), look(told), policy).state
        .phase
    }
    expect(after({})).toBe('Progressing')
    expect(after({ errors: { Poison: 4 }, counts: counts({ failedOnBoth: 4 }) })).toBe('Progressing')
    expect(after({ counts: counts({ rescued: 4 }) })).toBe('RollingBack')
  })
})
