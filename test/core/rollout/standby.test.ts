import { describe, expect, it } from 'vitest'
import { assignmentFor } from '../../../src/core/allocation/assignment.ts'
import { advance, withoutRollout } from '../../../src/core/rollout/advance.ts'
import { standingOf } from '../../../src/core/rollout/newcomer.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { startRollout } from '../../../src/core/rollout/start.ts'
import { buildPolicy } from '../../support/build-policy.ts'
import { at, buildState, facts, observation } from '../../support/build-rollout.ts'

const policy = buildPolicy({ rollbackWindowMs: 60_000 })
const pace = { ratePerMs: 0, horizonMs: 75, belated: 0 }
const old = { id: 's1', version: 'v1' }

function look(state: QueueState, holding: number, sinceMs = 50): QueueState {
  const stable = facts({ live: 1, ready: 1, undrained: 1, capacity: 10, holding })
  return advance(state, { at, sinceMs, seen: observation({ stable }), pace, policy }).state
}

const promoting = buildState({ phase: 'Promoting', step: 1 })

describe('the rollback window', () => {
  it('begins with the commit: the old version takes nothing more and does not drain', () => {
    const committed = look(promoting, 1)
    expect(committed).toMatchObject({
      stable: 'v2',
      previous: 'v1',
      standby: { version: 'v1', leftMs: 60_000 },
      tombstones: { v1: { reason: 'promotedAway' } },
      rollout: { phase: 'Draining' },
    })
    expect(assignmentFor(committed, old).kind).toBe('idle')
    expect(assignmentFor(committed, { id: 'c1', version: 'v2' }).kind).toBe('stream')
  })

  it('lets the rollout succeed when nobody of the old version holds a message, though none has drained', () => {
    const committed = look(promoting, 1)
    expect(look(committed, 1).rollout?.phase).toBe('Draining')
    const succeeded = look(committed, 0)
    expect(succeeded.rollout?.phase).toBe('Succeeded')
    expect(assignmentFor(succeeded, old).kind).toBe('idle')
  })

  it('ends after its time, by watched time alone; then the old version is retired', () => {
    const succeeded = look(look(promoting, 1), 0, 10_000)
    expect(succeeded.standby?.leftMs).toBe(50_000)
    const later = withoutRollout(succeeded, 49_999).state
    expect(assignmentFor(later, old).kind).toBe('idle')
    const over = withoutRollout(later, 1).state
    expect(over.standby).toBeUndefined()
    expect(assignmentFor(over, old).kind).toBe('retired')
  })

  it.each([
    ['of the old version', 'v1', 'idle'],
    ['of another version', 'v3', 'retired'],
  ])('ends with the start of a rollout %s', (_, canary, kind) => {
    const succeeded = look(look(promoting, 1), 0)
    const started = startRollout(succeeded, { id: 'r2', canary, policyDigest: 'sha256:2', at, force: true })
    if (!started.ok) throw new Error(started.why)
    expect(started.state.standby).toBeUndefined()
    expect(assignmentFor(started.state, old).kind).toBe(kind)
  })

  it('starts no rollout of the old version by itself', () => {
    expect(standingOf(look(look(promoting, 1), 0), 'v1').kind).toBe('refused')
  })

  it('is none where the policy names none: the old version drains', () => {
    const { state } = advance(promoting, { at, sinceMs: 50, seen: observation(), pace, policy: buildPolicy() })
    expect(state.standby).toBeUndefined()
    expect(assignmentFor(state, old).kind).toBe('drain')
  })
})
