import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addCounts,
  countNames,
  countsSince,
  failedIn,
  firstOutcomes,
  harmedIn,
  noCounts,
} from '../../../src/core/evidence/counts.ts'
import type { Counts } from '../../../src/core/evidence/counts.ts'

const anyCounts = fc.record(Object.fromEntries(countNames.map((name) => [name, fc.nat()]))) as fc.Arbitrary<Counts>

describe('counts', () => {
  it('merge by adding: in any order, nothing changed by none', () => {
    fc.assert(
      fc.property(anyCounts, anyCounts, anyCounts, (a, b, c) => {
        expect(addCounts(addCounts(a, b), c)).toEqual(addCounts(a, addCounts(c, b)))
        expect(addCounts(a, noCounts)).toEqual(a)
      }),
    )
  })

  it('give back as a difference what was added', () => {
    fc.assert(
      fc.property(anyCounts, anyCounts, (before, added) => {
        expect(countsSince(addCounts(before, added), before)).toEqual(added)
      }),
    )
  })

  it('have no negative difference, so that a report gone missing looks like nothing new', () => {
    fc.assert(
      fc.property(anyCounts, anyCounts, (later, earlier) => {
        expect(Math.min(...Object.values(countsSince(later, earlier)))).toBeGreaterThanOrEqual(0)
      }),
    )
    expect(countsSince({ ...noCounts, failed: 3 }, { ...noCounts, failed: 40 }).failed).toBe(0)
  })

  it('tell evidence from harm', () => {
    const some = {
      ...noCounts,
      taken: 20,
      succeeded: 7,
      failed: 2,
      timedOut: 1,
      repeated: 5,
      repeatedFailures: 4,
      late: 1,
    }
    expect([firstOutcomes(some), failedIn(some), harmedIn(some)]).toEqual([10, 3, 7])
  })
})
