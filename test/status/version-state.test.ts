import { describe, expect, it } from 'vitest'
import type { Phase } from '../../src/core/rollout/rollout.ts'
import { versionState } from '../../src/status/version-state.ts'
import { rollout, state } from './fixtures.ts'

const promoted = { v1: { reason: 'promotedAway', at: '2030-01-01' } } as const
const taken = { v2: { reason: 'rolledBack', at: '2030-01-01' } } as const
const busy = [{ state: 'draining' }, { state: 'drained' }] as const
const done = [{ state: 'drained' }, { state: 'drained' }] as const

describe('the state of a version', () => {
  const ramping: readonly Phase[] = ['Progressing', 'Paused', 'WaitingPromotion', 'Promoting']
  it.each(ramping)('%s: the canary ramps and the stable version is in charge', (phase) => {
    const queue = state({ rollout: rollout({ phase }) })
    expect(versionState(queue, 'v2', [])).toBe('Ramping')
    expect(versionState(queue, 'v1', [])).toBe('Current')
  })

  it.each([
    ['Initialized', state({ rollout: rollout({ phase: 'Initialized' }) }), 'v2', [], 'Inactive'],
    ['an unknown version', state({}), 'v9', [], 'Inactive'],
    ['no rollout', state({}), 'v1', [], 'Current'],
    [
      'Draining, busy',
      state({ stable: 'v2', tombstones: promoted, rollout: rollout({ phase: 'Draining' }) }),
      'v1',
      busy,
      'Draining',
    ],
    [
      'Draining, done',
      state({ stable: 'v2', tombstones: promoted, rollout: rollout({ phase: 'Draining' }) }),
      'v1',
      done,
      'Drained',
    ],
    [
      'Draining, the new one',
      state({ stable: 'v2', tombstones: promoted, rollout: rollout({ phase: 'Draining' }) }),
      'v2',
      [],
      'Current',
    ],
    [
      'Succeeded',
      state({ stable: 'v2', tombstones: promoted, rollout: rollout({ phase: 'Succeeded' }) }),
      'v1',
      done,
      'Retired',
    ],
    ['RollingBack, busy', state({ rollout: rollout({ phase: 'RollingBack' }) }), 'v2', busy, 'Draining'],
    ['RollingBack, done', state({ rollout: rollout({ phase: 'RollingBack' }) }), 'v2', done, 'Drained'],
    ['RolledBack', state({ tombstones: taken, rollout: rollout({ phase: 'RolledBack' }) }), 'v2', done, 'Retired'],
    [
      'RolledBack, the stable one',
      state({ tombstones: taken, rollout: rollout({ phase: 'RolledBack' }) }),
      'v1',
      [],
      'Current',
    ],
    ['a name of Object.prototype', state({}), 'constructor', [], 'Inactive'],
  ] as const)('%s', (...[, queue, version, living, expected]) => {
    expect(versionState(queue, version, living)).toBe(expected)
  })
})
