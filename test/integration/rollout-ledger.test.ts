import { describe, expect, it } from 'vitest'
import type { LedgerEvent, LedgerKind } from '../support/ledger.ts'
import { doneBy, duplicates, lost, mostInFlight, shareIn, startsAfter, unexplained } from '../support/ledger-check.ts'

/** The judge of the other tests: each claim must be able to be false. */
describe('the check of the ledger', () => {
  it('finds a confirmed message that only failed, and one that was never seen', () => {
    const events = [at(1, 'start', 'a'), at(2, 'done', 'a'), at(3, 'start', 'b'), at(4, 'fail', 'b')]
    expect(lost(['a', 'b', 'c'], events)).toEqual(['b', 'c'])
  })

  it('calls a message a duplicate when it is handled again after a success, not after a failure', () => {
    const once = [
      at(1, 'start', 'a'),
      at(2, 'fail', 'a'),
      at(3, 'start', 'a', { pid: 2 }),
      at(4, 'done', 'a', { pid: 2 }),
    ]
    const twice = [at(1, 'start', 'b'), at(2, 'done', 'b'), at(3, 'start', 'b', { pid: 2 })]
    const together = [
      at(1, 'start', 'c'),
      at(1, 'start', 'c', { pid: 2 }),
      at(2, 'done', 'c'),
      at(3, 'done', 'c', { pid: 2 }),
    ]
    expect(duplicates([...once, ...twice, ...together])).toEqual(['b', 'c'])
  })

  it('explains a duplicate only by a fault that its process had while it held the message', () => {
    const events = [
      at(10, 'start', 'a'),
      at(20, 'done', 'a'),
      at(30, 'start', 'a', { pid: 2 }),
      at(40, 'done', 'a', { pid: 2 }),
    ]
    expect(unexplained(events, { from: 15, to: 16, pids: [1] })).toEqual([])
    expect(unexplained(events, { from: 15, to: 16, pids: [3] })).toEqual(['a'])
    expect(unexplained(events, { from: 21, to: 29, pids: undefined })).toEqual(['a'])
  })

  it('counts the share of first starts in a window, and its worst distance from the target', () => {
    const events = Array.from({ length: 200 }, (_, index) =>
      at(index, 'start', `m${index}`, { version: index % 10 === 0 || index < 100 ? 'v2' : 'v1' }),
    )
    const again = at(150, 'start', 'm3', { version: 'v2', pid: 9 })
    const share = shareIn([...events, again], {
      version: 'v2',
      target: 10,
      window: { from: 100, to: 200 },
      settled: 50,
    })
    expect(share).toMatchObject({ canary: 10, total: 100, share: 10 })
    expect(share.worst.off).toBeLessThan(0.2)
    expect(
      shareIn(events, { version: 'v2', target: 10, window: { from: 0, to: 200 }, settled: 50 }).worst,
    ).toMatchObject({ off: 9, at: 50 })
  })

  it('counts successes by version, starts after a moment, and the most in flight', () => {
    const events = [
      at(1, 'start', 'a'),
      at(2, 'start', 'b'),
      at(3, 'done', 'a'),
      at(4, 'start', 'c'),
      at(5, 'done', 'b'),
    ]
    expect(doneBy(events)).toEqual({ v1: 2 })
    expect(startsAfter(events, 'v1', 3).map(({ id }) => id)).toEqual(['c'])
    expect(mostInFlight(events, 'v1')).toBe(2)
  })
})

function at(when: number, kind: LedgerKind, id: string, more: Partial<LedgerEvent> = {}): LedgerEvent {
  return { at: when, kind, id, version: 'v1', pid: 1, role: 'stable', attempt: 1, redelivered: false, ...more }
}
