import { describe, expect, it } from 'vitest'
import { bury, mostTombstones } from '../../../src/core/rollout/tombstones.ts'
import type { Tombstone } from '../../../src/core/rollout/queue-state.ts'

const day = (number: number): Tombstone => ({
  reason: 'promotedAway',
  at: new Date(Date.UTC(2026, 0, number)).toISOString(),
})

describe('retired versions', () => {
  it('are remembered up to a number, whatever they are called: the oldest is forgotten first', () => {
    let tombstones = {}
    // names that are numbers would come in their own order
    for (let number = 1; number <= mostTombstones + 5; number++)
      tombstones = bury(tombstones, `${1_000 - number}`, day(number))
    expect(Object.keys(tombstones)).toHaveLength(mostTombstones)
    expect(tombstones).not.toHaveProperty('995')
    expect(tombstones).toHaveProperty('994', day(6))
    expect(tombstones).toHaveProperty(`${1_000 - mostTombstones - 5}`, day(mostTombstones + 5))
  })

  it('that are retired again push nobody out', () => {
    const full = Object.fromEntries(Array.from({ length: mostTombstones }, (_, index) => [`v${index}`, day(index)]))
    const again = bury(full, 'v0', day(500))
    expect(Object.keys(again)).toHaveLength(mostTombstones)
    expect(again).toMatchObject({ v0: day(500), v1: day(1) })
  })
})
