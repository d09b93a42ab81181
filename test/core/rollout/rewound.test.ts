import { describe, expect, it } from 'vitest'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { takesBack } from '../../../src/core/rollout/rewound.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { buildCommand, buildState } from '../../support/build-rollout.ts'

const buried = { v0: { reason: 'promotedAway', at: '2030-01-01T00:00:00.000Z' } } as const

function document(sequence: number, rollout: Partial<Rollout>, parts: Partial<QueueState> = {}): QueueState {
  return { ...buildState(rollout), generation: 'g', epoch: 1, sequence, tombstones: buried, ...parts }
}

const known = document(10, { phase: 'Progressing', step: 1 })

describe('a document that is older than a known one', () => {
  it.each<[string, boolean, QueueState, QueueState]>([
    ['is the known one itself', false, known, known],
    ['is newer', false, document(11, { phase: 'Succeeded' }, { stable: 'v9' }), known],
    ['is of another generation', false, document(1, {}, { generation: 'h', stable: 'v9' }), known],
    ['is a little older, in the same rollout', false, document(9, { phase: 'Progressing', step: 0 }), known],
    ['names another version in charge', true, document(9, {}, { stable: 'v9' }), known],
    ['knows nothing of the rollout', true, document(9, {}, { rollout: undefined }), known],
    ['is of an earlier rollout', true, document(9, { id: 'r0' }), known],
    ['lacks a tombstone', true, document(9, { phase: 'Progressing' }, { tombstones: {} }), known],
    ['is from before a rollback', true, known, document(11, { phase: 'RollingBack' })],
    ['is from before the end', true, document(9, { phase: 'RollingBack' }), document(11, { phase: 'RolledBack' })],
    [
      'is from before an abort',
      true,
      known,
      document(11, { phase: 'Promoting' }, { commands: [buildCommand('abort')] }),
    ],
    ['is from before a pause', false, known, document(11, { phase: 'Paused', hold: 'operator' })],
  ])('%s: takes back what must stand: %s', (_, expected, found, before) => {
    expect(takesBack(found, before)).toBe(expected)
  })
})
