import { describe, expect, it } from 'vitest'
import { idleAllocations } from '../../../src/core/allocation/lane.ts'
import { noCounts } from '../../../src/core/evidence/counts.ts'
import { openMetric } from '../../../src/core/evidence/metric-progress.ts'
import { advanceWithoutPolicy } from '../../../src/core/rollout/advance-without-policy.ts'
import { advance, withoutRollout } from '../../../src/core/rollout/advance.ts'
import type { Observation } from '../../../src/core/rollout/observation.ts'
import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import type { Command, QueueState } from '../../../src/core/rollout/queue-state.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { buildPolicy, rampStep } from '../../support/build-policy.ts'
import { at, buildCommand, buildState, consumer, counts, facts, observation } from '../../support/build-rollout.ts'

const policy = buildPolicy({ steps: [rampStep({ weight: 1 }), rampStep({ weight: 50 })] })
const totals = { stable: noCounts, canary: noCounts }
const still = { ratePerMs: 0, horizonMs: 0, belated: 0 }

function stateIn(parts: Partial<Rollout>, commands: readonly Command[] = []): QueueState {
  return { ...buildState({ origin: totals, stepOrigin: totals, ...parts }), commands }
}

function looked(state: QueueState, seen: Partial<Observation> = {}, sinceMs = 50) {
  return advance(state, { at, sinceMs, seen: observation(seen), pace: still, policy })
}

describe('advance', () => {
  it.each([
    ['first', ['abort', 'promote', 'resume']],
    ['in between', ['promote', 'abort', 'resume']],
    ['last', ['promote', 'resume', 'abort']],
  ] as const)('lets an abort win that was said %s', (_, kinds) => {
    const commands = kinds.map((kind) => buildCommand(kind, { full: true }))
    const { state, effects } = looked(stateIn({ phase: 'Paused', hold: 'operator' }, commands))
    expect(state.rollout?.phase).toBe('RollingBack')
    expect(effects.filter(({ kind }) => kind === 'refuse')).toHaveLength(2)
    expect(state.commands).toEqual([])
  })

  it('lets an abort win over a promotion that is due at the same look', () => {
    const due = stateIn({ phase: 'Promoting', step: 2, phaseElapsedMs: 1e6 }, [buildCommand('abort')])
    expect(looked(due).state).toMatchObject({ stable: 'v1', rollout: { phase: 'RollingBack' } })
  })

  it.each([
    ['a step that an operator went on to', 'promote', {}, 'Progressing'],
    ['a promotion that an operator skipped to', 'promote', { full: true }, 'Promoting'],
  ] as const)('counts none of the time before for %s', (_, kind, parts, phase) => {
    const paused = stateIn({ phase: 'Paused', hold: 'operator', elapsedMs: 500 }, [buildCommand(kind, parts)])
    const patient = { ...policy, promotion: { workers: 1, durationMs: 1_000 } }
    const seen = observation({ canary: facts({ live: 1, ready: 1 }) })
    const { rollout } = advance(paused, { at, sinceMs: 2_000, seen, pace: still, policy: patient }).state
    expect(rollout).toMatchObject({ phase, elapsedMs: 2_500, stepElapsedMs: 0, phaseElapsedMs: 0 })
  })

  it('carries out nothing that was meant for another rollout', () => {
    const { state } = looked(stateIn({ phase: 'Progressing' }, [buildCommand('abort', { rollout: 'r0' })]))
    expect([state.rollout?.phase, state.commands]).toEqual(['Progressing', []])
  })

  it('gives a canary its part of the messages of this step, however many there were before', () => {
    const before = counts({ taken: 1_000_000 })
    const canary = facts({ live: 1, ready: 1, capacity: 10, consumers: [consumer()] })
    const seeing = (taken: number) => ({ stable: facts({ live: 1, ready: 1, counts: counts({ taken }) }), canary })
    const begun = looked(buildState({ origin: { ...totals, stable: before } }), seeing(1_000_000)).state
    expect(begun.rollout).toMatchObject({ phase: 'Progressing', forgone: 0 })
    expect(begun.allocations.consumers['c1']?.permits).toBe(0)
    const later = looked(begun, seeing(1_000_250)).state
    expect(later.allocations.consumers['c1']?.permits).toBe(2)
  })

  it('commits a promotion in one document: stable version, tombstone and lanes', () => {
    const { state } = looked(stateIn({ phase: 'Promoting', step: 2, phaseElapsedMs: 1_000 }))
    expect(state).toMatchObject({
      stable: 'v2',
      previous: 'v1',
      tombstones: { v1: { reason: 'promotedAway', at } },
      rollout: { phase: 'Draining' },
      allocations: {
        stable: { kind: 'drain', timeoutMs: 1_000 },
        canary: { kind: 'stream' },
        consumers: {},
        lookMs: 50,
      },
    })
  })

  it('buries the canary at the end of a rollback, and leaves the stable version alone', () => {
    const gone = { canary: facts(), stable: facts({ live: 1, ready: 1, undrained: 1 }) }
    const { state } = looked(stateIn({ phase: 'RollingBack' }), gone)
    expect(state).toMatchObject({ stable: 'v1', previous: undefined, rollout: { phase: 'RolledBack' } })
    expect(state.tombstones).toEqual({ v2: { reason: 'rolledBack', at } })
    expect(state.allocations).toEqual(idleAllocations)
  })

  it.each(['Succeeded', 'RolledBack'] as const)('absorbs everything once it is %s', (phase) => {
    const ended = stateIn({ phase }, [buildCommand('abort')])
    const { state, effects } = looked(ended)
    expect(state).toEqual({ ...ended, commands: [] })
    expect(effects).toEqual([{ kind: 'refuse', why: 'abort refused: no rollout runs' }])
  })

  it('refuses commands where there never was a rollout', () => {
    const state = { ...createQueueState('g', 'v1'), commands: [buildCommand('promote')] }
    expect(withoutRollout(state, 0).effects).toEqual([{ kind: 'refuse', why: 'promote refused: no rollout runs' }])
  })
})

describe('advanceWithoutPolicy', () => {
  const throttled = { kind: 'throttled', weight: 100, concurrency: 4, delayMs: 0 } as const
  const had = {
    concurrency: 4,
    delayMs: 0,
    permits: undefined,
    bridge: undefined,
    fuse: undefined,
    failures: 5,
    returnsToSpare: 3,
  }

  function lost(
    parts: Partial<Rollout>,
    {
      commands = [],
      hopeless = false,
      seen = {},
    }: { commands?: readonly Command[]; hopeless?: boolean; seen?: Partial<Observation> } = {},
  ) {
    const allocations = { ...idleAllocations, canary: throttled, consumers: { c1: had } }
    const state = { ...stateIn(parts, commands), allocations }
    const rollout = buildState({ origin: totals, stepOrigin: totals, ...parts }).rollout
    return advanceWithoutPolicy(state, rollout, { at, sinceMs: 500, seen: observation(seen), pace: still, hopeless })
      .state
  }

  it.each(['Initialized', 'Progressing', 'WaitingPromotion', 'Promoting'] as const)(
    'gives the canary nothing in %s and moves nothing',
    (phase) => {
      const state = lost({ phase, phaseElapsedMs: 1e9, stepElapsedMs: 7 })
      expect(state.rollout).toMatchObject({ phase, elapsedMs: 500, phaseElapsedMs: 1e9, stepElapsedMs: 7 })
      expect(state.allocations).toEqual({
        stable: { kind: 'stream' },
        canary: { kind: 'none' },
        consumers: { c1: { ...had, concurrency: 0 } },
        lookMs: 50,
      })
    },
  )

  it('keeps measurements and commands for when the policy is back', () => {
    const metrics = { a: openMetric({ counts: noCounts, durations: {} }) }
    const commands = [buildCommand('pause')]
    const state = lost({ phase: 'Progressing', metrics }, { commands })
    expect([state.rollout?.metrics, state.commands]).toEqual([metrics, commands])
  })

  it('goes on booking harm', () => {
    const seen = { canary: facts({ live: 1, counts: counts({ failed: 3 }) }) }
    expect(lost({ phase: 'Progressing' }, { seen }).rollout?.harmed).toBe(3)
  })

  it('goes back when an operator says so', () => {
    const state = lost(
      { phase: 'Progressing' },
      { commands: [buildCommand('promote', { full: true }), buildCommand('abort')] },
    )
    expect(state).toMatchObject({
      rollout: { phase: 'RollingBack' },
      allocations: { canary: { kind: 'drain' } },
      commands: [],
    })
  })

  it('goes back when hope is lost', () => {
    const state = lost({ phase: 'Promoting' }, { hopeless: true })
    expect(state).toMatchObject({ rollout: { phase: 'RollingBack' }, allocations: { canary: { kind: 'drain' } } })
    expect(state.rollout?.history.at(-1)?.why).toContain('the pinned policy is missing')
  })

  it('lets a promotion that is committed end, with the new version in charge', () => {
    const state = lost({ phase: 'Draining' })
    expect(state.allocations).toMatchObject({ stable: { kind: 'drain' }, canary: { kind: 'stream' } })
    const seen = { stable: facts() }
    expect(lost({ phase: 'Draining', latest: totals }, { seen }).rollout?.phase).toBe('Succeeded')
  })

  it('lets a rollback end, by its deadline at the latest', () => {
    expect(lost({ phase: 'RollingBack' }).rollout?.phase).toBe('RollingBack')
    expect(lost({ phase: 'RollingBack', phaseElapsedMs: 70_000 }).rollout?.phase).toBe('RolledBack')
  })
})
