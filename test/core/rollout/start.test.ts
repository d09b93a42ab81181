import { describe, expect, it } from 'vitest'
import { compareOrder } from '../../../src/core/rollout/order.ts'
import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { isTerminal, phases } from '../../../src/core/rollout/rollout.ts'
import { startRollout } from '../../../src/core/rollout/start.ts'
import { at, buildCommand, buildState } from '../../support/build-rollout.ts'

const request = { id: 'r2', canary: 'v3', policyDigest: 'sha256:2', at, force: false }
const buried = (version: string, reason: 'promotedAway' | 'rolledBack') => ({ [version]: { reason, at } })

function start(state: QueueState, parts: Partial<typeof request> = {}) {
  return startRollout(state, { ...request, ...parts })
}

describe('startRollout', () => {
  it('opens a rollout of the new version against the one in charge', () => {
    const started = start(createQueueState('g', 'v1'))
    if (!started.ok) throw new Error(started.why)
    expect(started.state.rollout).toMatchObject({
      id: 'r2',
      canary: 'v3',
      stable: 'v1',
      phase: 'Initialized',
      step: 0,
      harmed: 0,
    })
    expect(started.state.rollout?.history).toHaveLength(1)
  })

  it('makes a document that is newer than the one before, without allocations or commands of an earlier rollout', () => {
    const before = { ...buildState({ phase: 'RolledBack' }), commands: [buildCommand('abort')] }
    const started = start(before)
    if (!started.ok) throw new Error(started.why)
    expect(compareOrder(started.state, before)).toBe(1)
    expect(started.state).toMatchObject({ commands: [], allocations: { canary: { kind: 'none' }, consumers: {} } })
  })

  it.each(phases.map((phase) => [phase, isTerminal(phase)] as const))('after %s: %s', (phase, allowed) => {
    expect(start(buildState({ phase })).ok).toBe(allowed)
  })

  it('refuses the version that is in charge', () => {
    expect(start(createQueueState('g', 'v3'))).toEqual({ ok: false, why: 'v3 is in charge already' })
  })

  it('refuses a version that was rolled back, unless told that it is meant', () => {
    const state = {
      ...createQueueState('g', 'v1'),
      tombstones: { ...buried('v3', 'rolledBack'), ...buried('v0', 'promotedAway') },
    }
    expect(start(state)).toMatchObject({ ok: false, why: expect.stringContaining('was rolled back before') })
    const forced = start(state, { force: true })
    expect(forced.ok && Object.keys(forced.state.tombstones)).toEqual(['v0'])
  })

  it('lets a version come back that was promoted away', () => {
    const started = start({ ...createQueueState('g', 'v1'), tombstones: buried('v3', 'promotedAway') })
    expect(started.ok && started.state.tombstones).toEqual({})
  })

  it('is not confused by versions that are named like properties of objects', () => {
    expect(start(createQueueState('g', 'v1'), { canary: 'constructor' }).ok).toBe(true)
  })
})

describe('compareOrder', () => {
  const order = (epoch: number, sequence: number, generation = 'g') => ({ generation, epoch, sequence })

  it.each([
    [order(1, 1), order(1, 1), 0],
    [order(1, 2), order(1, 1), 1],
    [order(1, 1), order(1, 2), -1],
    [order(2, 1), order(1, 9), 1],
    [order(1, 9), order(2, 1), -1],
    [order(5, 5), order(1, 1, 'other'), undefined],
  ])('%j against %j: %s', (a, b, sign) => {
    const compared = compareOrder(a, b)
    expect(compared === undefined ? undefined : Math.sign(compared)).toBe(sign)
  })
})
