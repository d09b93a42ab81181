import { describe, expect, it } from 'vitest'
import { standingOf } from '../../../src/core/rollout/newcomer.ts'
import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { isTerminal, phases } from '../../../src/core/rollout/rollout.ts'
import { at, buildState } from '../../support/build-rollout.ts'

const atRest = createQueueState('g', 'v1')
const buried = (reason: 'promotedAway' | 'rolledBack') => ({ ...atRest, tombstones: { v2: { reason, at } } })

describe('a version that could start a rollout of itself', () => {
  it.each<[string, QueueState, string, string]>([
    ['nobody has seen', atRest, 'v2', 'new'],
    ['is in charge', atRest, 'v1', 'known'],
    ['is on trial', buildState(), 'v2', 'known'],
    ['another one is tried against', buildState(), 'v1', 'known'],
    ['nobody has seen, while another one is on trial', buildState(), 'v3', 'waits'],
    ['was taken back', buried('rolledBack'), 'v2', 'refused'],
    ['was in charge before', buried('promotedAway'), 'v2', 'refused'],
    ['was taken back, while another one is on trial', { ...buried('rolledBack'), rollout: undefined }, 'v2', 'refused'],
    ['is named like a property of objects', atRest, 'constructor', 'new'],
    ['lost its tombstone after the rollout of it', buildState({ phase: 'RolledBack' }), 'v2', 'known'],
  ])('that %s', (_, state, version, kind) => {
    expect(standingOf(state, version).kind).toBe(kind)
  })

  it.each(phases)('waits for the end of another rollout: %s', (phase) => {
    expect(standingOf(buildState({ phase }), 'v3').kind).toBe(isTerminal(phase) ? 'new' : 'waits')
  })

  it('is told what a person has to do', () => {
    expect(standingOf(buried('rolledBack'), 'v2')).toMatchObject({ why: expect.stringContaining('start --force') })
    expect(standingOf(buried('promotedAway'), 'v2')).toMatchObject({ why: expect.stringContaining('use undo') })
  })
})
