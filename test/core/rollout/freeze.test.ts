import { describe, expect, it } from 'vitest'
import { startRollout } from '../../../src/core/rollout/start.ts'
import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { buildPolicy, rampStep } from '../../support/build-policy.ts'
import { at, buildCommand, counts, facts } from '../../support/build-rollout.ts'
import { happenings, look, rolloutIn, situationOf, situations } from './situations.ts'

const freeze = { untilMs: undefined, text: 'a freeze until 2030-01-02 08:00 UTC (audit)' }

/** The situation after the happening, as it is and in a freeze. */
function after(situation: string, name: string, isFrozen: boolean) {
  const happening = happenings[name]
  if (happening === undefined) throw new Error(`there is no happening ${name}`)
  const { event, policy, before } = happening
  const frozen = event.kind === 'command' ? { ...event, freeze } : { ...event, seen: { ...event.seen, freeze } }
  return transition(rolloutIn(situation, before), isFrozen ? frozen : event, policy).state
}

const all = Object.keys(situations).flatMap((situation) =>
  Object.keys(happenings).map((name) => [situation, name] as const),
)

describe('in a freeze', () => {
  it.each(all)('%s, %s: it goes where it would have gone, or waits', (situation, name) => {
    const [free, frozen] = [after(situation, name, false), after(situation, name, true)]
    const stays = situationOf(frozen) === situation && frozen.step === situations[situation]?.step
    const goes = situationOf(frozen) === situationOf(free) && frozen.step === free.step
    const back = ['RollingBack', 'Paused/failure', 'Paused/insufficientData', 'RolledBack', 'Succeeded']
    const mustGo = name !== 'deadline' && back.includes(situationOf(free))
    expect({ goes, stays }).toMatchObject(mustGo || !stays ? { goes: true } : { stays: true })
  })

  it.each([
    ['Initialized', 'nothing new', 'Progressing'],
    ['Progressing', 'time over', 'Paused/step'],
    ['Paused/step', 'time over', 'Progressing'],
    ['WaitingPromotion', 'nothing new', 'Promoting'],
    ['Promoting', 'time over', 'Draining'],
  ])('%s waits (%s), and says for what; after it, it goes to %s', (situation, name, next) => {
    const frozen = after(situation, name, true)
    expect([situationOf(frozen), frozen.why]).toEqual([situation, `held by ${freeze.text}`])
    expect(situationOf(after(situation, name, false))).toBe(next)
  })

  it.each(['promote', 'promote --full'])('%s is refused', (name) => {
    const { event, policy } = happenings[name] ?? {}
    if (event?.kind !== 'command' || policy === undefined) throw new Error('no such command')
    expect(transition(rolloutIn('Progressing'), { ...event, freeze }, policy).effects).toEqual([
      { kind: 'refuse', why: `promote refused: ${freeze.text} holds it` },
    ])
  })

  it('the deadline does not run, and goes on after it', () => {
    const policy = buildPolicy({ steps: [rampStep({ durationMs: 3_600_000 })], progressDeadlineMs: 10_000 })
    let rollout = rolloutIn('Progressing')
    for (let ms = 0; ms < 100_000; ms += 2_000) rollout = transition(rollout, look({ freeze }, 2_000), policy).state
    expect(rollout).toMatchObject({ phase: 'Progressing', elapsedMs: 100_000, frozenMs: 100_000 })
    rollout = transition(rollout, look({}, 9_000), policy).state
    expect(rollout.phase).toBe('Progressing')
    expect(transition(rollout, look({}, 1_000), policy).state.phase).toBe('RollingBack')
  })

  it('an abort and a failure take the canary back', () => {
    const policy = buildPolicy({ limits: { maxFailedMessages: 2, maxInFlight: 50, maxReceiveCount: 3 } })
    const abort = { kind: 'command', at, command: buildCommand('abort'), freeze } as const
    expect(transition(rolloutIn('Progressing'), abort, policy).state.phase).toBe('RollingBack')
    const failed = { canary: facts({ live: 1, ready: 1, counts: counts({ failed: 2 }) }), freeze }
    expect(transition(rolloutIn('Progressing'), look(failed), policy).state.phase).toBe('RollingBack')
  })
})

describe('a rollout that is started in a freeze', () => {
  const wish = { id: 'r1', canary: 'v2', policyDigest: 'sha256:1', at, force: true, freeze }

  it('is refused with the end of the freeze, also where it is a version that may be tried again', () => {
    const started = startRollout(createQueueState('g', 'v1'), wish)
    expect(started).toEqual({
      ok: false,
      why: `${freeze.text} holds: nothing starts before; use start --force for what cannot wait`,
    })
  })

  it('starts where that is meant, and is bound by no freeze then; one that starts outside of it is', () => {
    const forced = startRollout(createQueueState('g', 'v1'), { ...wish, overFreeze: true })
    expect(forced.ok && forced.state.rollout?.ignoresFreeze).toBe(true)
    const outside = startRollout(createQueueState('g', 'v1'), { ...wish, freeze: undefined, overFreeze: true })
    expect(outside.ok && outside.state.rollout?.ignoresFreeze).toBeUndefined()
  })
})
