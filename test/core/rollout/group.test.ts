import { describe, expect, it } from 'vitest'
import type { Peer, Peers } from '../../../src/core/rollout/group.ts'
import { peerIn, positionOf, withWithdrawal } from '../../../src/core/rollout/group.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { buildPolicy, pauseStep, rampStep } from '../../support/build-policy.ts'
import { buildCommand, buildState, counts, facts } from '../../support/build-rollout.ts'
import { look, rolloutIn, say } from './situations.ts'

const policy = buildPolicy({
  steps: [rampStep(), pauseStep(1_000), rampStep({ weight: 50 })],
  promotion: { workers: 1, durationMs: 1_000 },
  limits: { maxFailedMessages: 5, maxInFlight: 50, maxReceiveCount: 3 },
})
const over = { stepElapsedMs: 1_000, phaseElapsedMs: 1_000 }
const handled = { canary: facts({ live: 1, ready: 1, undrained: 1, counts: counts({ taken: 9, succeeded: 9 }) }) }
const failing = { canary: facts({ live: 1, ready: 1, undrained: 1, counts: counts({ taken: 9, failed: 9 }) }) }
const queues = ['a', 'b', 'c']

function member(situation: string, queue: string, ready = 0, parts: Partial<Rollout> = over): Rollout {
  return rolloutIn(situation, { ...parts, group: { id: 'g', queues, queue, ready } })
}

const at = (ready: number): Peer => ({ kind: 'underWay', ready, where: 'Progressing' })
const both = (peer: Peer, names: readonly string[] = queues): Peers =>
  Object.fromEntries(names.map((name) => [name, peer]))

function looked(rollout: Rollout, peers: Peers, seen: Parameters<typeof look>[0] = handled) {
  return transition(rollout, look({ ...seen, peers }), policy)
}

describe('a queue of a group', () => {
  it.each([
    ['Initialized', 0, 'Progressing', 0],
    ['Progressing', 1, 'Paused', 1],
    ['Paused/step', 2, 'Progressing', 2],
    ['WaitingPromotion', 4, 'Promoting', 3],
  ] as const)('leaves %s (position %i) when all others are ready to, and publishes before that it is', (...row) => {
    const [situation, position, phase, step] = row
    const rollout = member(situation, 'b')
    expect(positionOf(rollout)).toBe(position)
    const waiting = looked(rollout, { a: at(position + 1), c: at(position) }).state
    expect(waiting).toMatchObject({ phase: rollout.phase, step: rollout.step, group: { ready: position + 1 } })
    expect(waiting.why).toBe('ready; waiting for queue c (Progressing)')
    const gone = looked(waiting, { a: at(position + 1), c: at(position + 1) }).state
    expect(gone).toMatchObject({ phase, step, group: { ready: position + 1 } })
  })

  it.each<[string, Peer]>([
    ['cannot be read', { kind: 'unread' }],
    ['has not started yet', { kind: 'absent', promoted: false }],
    ['has not started yet, where the version was in charge once', { kind: 'absent', promoted: true }],
  ])('waits at its start for one that %s', (_, peer) => {
    expect(looked(member('Initialized', 'b', 0, {}), { a: peer, c: at(1) }).state.phase).toBe('Initialized')
  })

  it('takes itself back where another one was not started, after a while', () => {
    const peers = { a: at(1), c: { kind: 'absent', promoted: false } } as const
    const late = { phaseElapsedMs: 30_000 }
    const { state } = looked(member('Initialized', 'b', 0, late), peers)
    expect(state).toMatchObject({ phase: 'RollingBack', why: expect.stringContaining('queue c has no part') })
  })

  it.each(['Initialized', 'Progressing', 'Paused/failure', 'WaitingPromotion', 'Promoting'])(
    'goes back from %s when another one was taken back, and says why that was',
    (situation) => {
      const peers = { ...both(at(9)), c: { kind: 'takenBack', why: 'it failed 5 messages' } as const }
      const { state } = looked(member(situation, 'a'), peers)
      expect(state).toMatchObject({
        phase: 'RollingBack',
        why: 'queue c of the same rollout was taken back: it failed 5 messages',
      })
    },
  )

  it('goes back by itself when it fails, and when its deadline passes while another one cannot be read', () => {
    expect(looked(member('Progressing', 'b'), both(at(9)), failing).state.phase).toBe('RollingBack')
    const late = member('Progressing', 'b', 0, { ...over, elapsedMs: policy.progressDeadlineMs })
    expect(looked(late, {}).state.phase).toBe('RollingBack')
  })

  it('is held by a freeze though all others are ready', () => {
    const freeze = { untilMs: undefined, text: 'a freeze' }
    expect(looked(member('Progressing', 'b'), both(at(9)), { ...handled, freeze }).state).toMatchObject({
      phase: 'Progressing',
      group: { ready: 0 },
    })
  })
})

describe('the commit of a group', () => {
  const position = 5

  it('is made by the first queue when all others have voted', () => {
    const lead = member('Promoting', 'a')
    expect(looked(lead, { b: at(position + 1), c: at(position) }).state.phase).toBe('Promoting')
    const { state, effects } = looked(lead, { b: at(position + 1), c: at(position + 1) })
    expect([state.phase, effects[0]?.kind]).toEqual(['Draining', 'commitPromotion'])
  })

  it('is not made by another one before the first has made it', () => {
    const voting = looked(member('Promoting', 'b'), { a: at(position + 1), c: at(position + 1) }).state
    expect(voting).toMatchObject({ phase: 'Promoting', group: { ready: position + 1 } })
    expect(looked(voting, { a: { kind: 'committed' }, c: at(position) }).state.phase).toBe('Draining')
  })

  const voted = member('Promoting', 'b', position + 1)

  it.each<[string, Peer]>([
    ['has committed', { kind: 'committed' }],
    ['has committed and gone on to the next rollout', { kind: 'absent', promoted: true }],
  ])('is made by one that has voted as soon as the first %s, whatever happened there meanwhile', (_, a) => {
    const { state, effects } = looked(voted, { a, c: at(position) }, failing)
    expect([state.phase, effects[0]?.kind]).toEqual(['Draining', 'commitPromotion'])
  })

  it.each<[string, Parameters<typeof looked>]>([
    ['its canary fails', [voted, both(at(6)), failing]],
    ['its deadline passes', [{ ...voted, elapsedMs: policy.progressDeadlineMs }, both(at(6))]],
    ['another one was taken back', [voted, { a: at(6), c: { kind: 'takenBack', why: 'it failed' } }]],
  ])(
    'is asked not to happen by one that has voted when %s; it stays until that is seen',
    (_, [rollout, peers, seen]) => {
      const { state, effects } = looked(rollout, peers, seen)
      expect(state.phase).toBe('Promoting')
      expect(effects).toEqual([{ kind: 'withdraw', queue: 'a', why: expect.any(String) }])
      const back = { ...peers, a: { kind: 'takenBack', why: 'asked to' } as const }
      expect(looked(state, back, seen).state.phase).toBe('RollingBack')
    },
  )

  it('is not undone by an abort of one that has voted: that asks the first as well', () => {
    const { state, effects } = transition(voted, say('abort'), policy)
    expect([state.phase, state.carriedOut, effects[0]?.kind]).toEqual(['Promoting', ['abort-1'], 'withdraw'])
  })
})

describe('what a document says to the others', () => {
  const group = { id: 'g', queues, queue: 'a', ready: 3 }

  it.each<[string, Partial<Rollout>, Peer]>([
    ['under way', { phase: 'Progressing', step: 0 }, { kind: 'underWay', ready: 3, where: expect.any(String) }],
    [
      'under way beyond what it published',
      { phase: 'WaitingPromotion', step: 4 },
      { kind: 'underWay', ready: 5, where: expect.any(String) },
    ],
    ['committed', { phase: 'Draining' }, { kind: 'committed' }],
    ['at its end', { phase: 'Succeeded' }, { kind: 'committed' }],
    ['taken back', { phase: 'RollingBack', why: 'it failed' }, { kind: 'takenBack', why: 'it failed' }],
  ])('%s', (_, parts, peer) => {
    expect(peerIn(buildState({ group, ...parts }), 'g', 'v2')).toEqual(peer)
  })

  it('that it waits for a third one, without why that one waits', () => {
    const why = 'ready; waiting for queue c (Progressing, step 1: ready; waiting for queue d (Paused))'
    expect(peerIn(buildState({ group, phase: 'Progressing', why }), 'g', 'v2')).toMatchObject({
      where: 'Progressing, step 1: ready',
    })
  })

  it('an abort that nobody has carried out counts as a rollback, unless it comes too late or is for another rollout', () => {
    const said = (parts: Partial<Rollout>, rollout = 'r1') => {
      const commands = [buildCommand('abort', { rollout, reason: 'the pager rang' })]
      return peerIn({ ...buildState({ group, ...parts }), commands }, 'g', 'v2')
    }
    expect(said({ phase: 'Promoting' })).toEqual({ kind: 'takenBack', why: 'the pager rang' })
    expect(said({ phase: 'Draining' }).kind).toBe('committed')
    expect(said({ phase: 'Promoting' }, 'r0').kind).toBe('underWay')
  })

  it('no rollout of the group, and whether the version was promoted there', () => {
    expect(peerIn(buildState(), 'g', 'v2')).toEqual({ kind: 'absent', promoted: false })
    expect(peerIn({ ...buildState(), stable: 'v2' }, 'g', 'v2')).toEqual({ kind: 'absent', promoted: true })
  })

  it('the wish to go back is written once, and not where it comes too late', () => {
    const [lead, from] = [buildState({ group, phase: 'Promoting' }), member('Promoting', 'b', 6)]
    const asked = withWithdrawal(lead, from, 'it failed')
    expect(asked?.commands).toMatchObject([{ kind: 'abort', rollout: 'r1', reason: 'it failed', from: 'b' }])
    expect(asked && withWithdrawal(asked, from, 'again')).toBeUndefined()
    expect(withWithdrawal(buildState({ group, phase: 'Draining' }), from, 'late')).toBeUndefined()
    expect(withWithdrawal(buildState({ group: { ...group, id: 'h' } }), from, 'another')).toBeUndefined()
  })
})
