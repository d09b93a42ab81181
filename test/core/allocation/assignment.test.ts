import { describe, expect, it } from 'vitest'
import { assignmentFor } from '../../../src/core/allocation/assignment.ts'
import type { Lane } from '../../../src/core/allocation/lane.ts'
import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import type { Phase } from '../../../src/core/rollout/rollout.ts'
import { at, buildState } from '../../support/build-rollout.ts'

const stream: Lane = { kind: 'stream' }
const drain: Lane = { kind: 'drain', timeoutMs: 5, onTimeout: 'handBack' }
const throttled: Lane = { kind: 'throttled', weight: 10, concurrency: 4, delayMs: 0 }
const own = {
  concurrency: 2,
  delayMs: 0,
  permits: 5,
  bridge: undefined,
  fuse: undefined,
  failures: 3,
  returnsToSpare: 3,
}
const buried = { reason: 'rolledBack', at } as const

function state(phase: Phase, canary: Lane, parts: Partial<QueueState> = {}): QueueState {
  const allocations = {
    stable: stream,
    canary,
    consumers: { c1: own, resting: { ...own, concurrency: 0 } },
    lookMs: 50,
  }
  return { ...buildState({ phase }), allocations, ...parts }
}

describe('assignmentFor', () => {
  it.each([
    ['the stable version without a rollout', createQueueState('g', 'v1'), 'v1', 'stream'],
    ['another version without a rollout', createQueueState('g', 'v1'), 'v9', 'idle'],
    ['the stable version beside a canary', state('Progressing', throttled), 'v1', 'stream'],
    ['a canary with an allocation', state('Progressing', throttled), 'v2', 'throttled'],
    ['a canary in a lane of none', state('Paused', { kind: 'none' }), 'v2', 'idle'],
    ['a canary that goes back', state('RollingBack', drain), 'v2', 'drain'],
    ['a canary that won', state('Draining', stream), 'v2', 'stream'],
    ['a third version during a rollout', state('Progressing', throttled), 'v9', 'idle'],
    ['a buried third version', state('Progressing', throttled, { tombstones: { v9: buried } }), 'v9', 'retired'],
    ['a canary after its rollback', state('RolledBack', drain, { tombstones: { v2: buried } }), 'v2', 'retired'],
    ['a new stable version after the end', state('Succeeded', drain, { stable: 'v2' }), 'v2', 'stream'],
    ['a version named like a property of objects', state('Progressing', throttled), 'constructor', 'idle'],
  ])('of %s', (_, document, version, kind) => {
    expect(assignmentFor(document, { id: 'c1', version }).kind).toBe(kind)
  })

  it('hands a canary consumer its own allocation', () => {
    expect(assignmentFor(state('Progressing', throttled), { id: 'c1', version: 'v2' })).toEqual({
      kind: 'throttled',
      allocation: own,
    })
  })

  it.each(['unknown', 'resting', 'constructor', '__proto__'])('leaves the canary consumer %s idle', (id) => {
    expect(assignmentFor(state('Progressing', throttled), { id, version: 'v2' })).toEqual({ kind: 'idle' })
  })

  it('lets the old stable version drain after the commit', () => {
    const document = state('Draining', stream, { stable: 'v2', tombstones: { v1: { reason: 'promotedAway', at } } })
    const allocations = { ...document.allocations, stable: drain }
    expect(assignmentFor({ ...document, allocations }, { id: 's1', version: 'v1' })).toEqual(drain)
  })
})
