import { describe, expect, it } from 'vitest'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import type { QueueRecords } from '../../src/records/queue-records.ts'
import { Watcher } from '../../src/worker/watcher.ts'
import { buildState } from '../support/build-rollout.ts'
import { manualClock } from '../support/manual-clock.ts'
import { logs } from './support/logs.ts'

const allocationTtlMs = 5_000

/** The watcher of a consumer of v1 whose questions are answered when the test says so. */
function scene() {
  const clock = manualClock()
  const answers: ((state: QueueState | undefined) => void)[] = []
  const written: QueueState[] = []
  const records: Pick<QueueRecords, 'readState' | 'writeState'> = {
    readState: () =>
      new Promise((resolve) => answers.push((state) => resolve(state && { state, revision: String(state.sequence) }))),
    writeState: async (state) => {
      written.push(state)
      return 'written'
    },
  }
  const self = { id: 'c', version: 'v1' }
  const watcher = new Watcher({ records, self, registers: true, clock, log: logs(), newId: () => 'g', allocationTtlMs })
  const look = async (state: QueueState | undefined, afterMs: number): Promise<void> => {
    const looking = watcher.look()
    await clock.advance(afterMs)
    answers.shift()?.(state)
    await clock.advance(0)
    answers.shift()?.(undefined)
    await looking
  }
  return { watcher, look, written }
}

const document = (sequence: number, parts: Partial<QueueState> = {}): QueueState => ({
  ...buildState(),
  rollout: undefined,
  epoch: 1,
  sequence,
  ...parts,
})

describe('an answer of the store', () => {
  it('that was asked for before a standstill is not obeyed', async () => {
    const { watcher, look, written } = scene()
    await look(document(1, { stable: 'v1' }), 10)
    expect([watcher.obeyed?.sequence, watcher.duty().kind]).toEqual([1, 'stream'])
    await look(
      document(2, { stable: 'v2', tombstones: { v1: { reason: 'promotedAway', at: '' } } }),
      allocationTtlMs + 1,
    )
    expect([watcher.obeyed?.sequence, watcher.duty().kind]).toEqual([1, 'stream'])
    await look(undefined, allocationTtlMs + 1)
    expect([watcher.obeyed?.sequence, watcher.duty().kind, written]).toEqual([1, 'stream', []])
    await look(document(3, { stable: 'v1' }), allocationTtlMs)
    expect(watcher.obeyed?.sequence).toBe(3)
  })
})
