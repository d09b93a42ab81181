import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fuseFor, isBlown } from '../../../src/core/evidence/fuse.ts'

const fuse = fuseFor({ stableRate: 0.01, rollbackMargin: 0.1, significanceLevel: 0.01 })

describe('the fuse', () => {
  it('lets pass twice what the stable version does', () => {
    expect(fuse).toEqual({ limit: 0.022, needed: 100 })
    expect(fuseFor({ stableRate: 0.9, rollbackMargin: 0, significanceLevel: 0.05 })).toEqual({
      limit: 0.999,
      needed: 20,
    })
  })

  it.each([
    ['nothing happened', 0, 0, false],
    ['one message failed, and it was the first', 1, 1, false],
    ['all of a few failed', 3, 3, true],
    ['most failed', 4, 6, true],
    ['as many failed as may', 2, 100, false],
    ['far more failed than may', 15, 100, true],
    ['everything succeeded', 0, 100_000, false],
  ])('where %s (%i of %i): blown %s', (_, failed, messages, blown) => {
    expect(isBlown(fuse, { messages, failed })).toBe(blown)
  })

  it('that has blown would have blown with one failure more', () => {
    const messages = fc.integer({ min: 2, max: 200 })
    fc.assert(
      fc.property(messages, fc.nat(), (n, chance) => {
        const failed = chance % n
        const worse = isBlown(fuse, { messages: n, failed: failed + 1 })
        expect(worse || !isBlown(fuse, { messages: n, failed })).toBe(true)
      }),
    )
  })
})
