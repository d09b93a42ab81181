import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { afterOutcome, beforeStart, handsOn, returnLimit } from '../../src/worker/settle.ts'
import type { Action, Judged, Returnable } from '../../src/worker/settle.ts'

/** Of a broker that dead-letters a message when it was returned more than `limit` times. */
function delivered(deliveryCount: number, limit = Infinity): Returnable {
  return { message: { deliveryCount, redelivered: deliveryCount > 0 }, returnsLeft: limit - deliveryCount }
}

const stable: Judged = {
  role: 'stable',
  outcome: 'failed',
  attempt: 1,
  maxAttempts: 3,
  excused: false,
  source: 'queue',
  handBackCapable: true,
  draining: false,
  retriesLater: false,
  delivery: delivered(0),
}
const canary: Judged = { ...stable, role: 'canary' }

const table: readonly (readonly [string, Judged, Action])[] = [
  ['stable succeeded', { ...stable, outcome: 'succeeded' }, 'ack'],
  ['canary succeeded', { ...canary, outcome: 'succeeded' }, 'ack'],
  ['succeeded while draining', { ...stable, outcome: 'succeeded', draining: true }, 'ack'],
  ['stable failed', stable, 'retry'],
  ['stable timed out', { ...stable, outcome: 'timedOut' }, 'retry'],
  ['stable failed for the last time', { ...stable, attempt: 3 }, 'deadLetter'],
  ['... while everything fails', { ...stable, attempt: 3, excused: true }, 'retry'],
  ['stable failed, one attempt only', { ...stable, maxAttempts: 1 }, 'deadLetter'],
  ['stable failed what was handed back', { ...stable, source: 'handBack' }, 'retry'],
  ['stable failed what was handed back for the last time', { ...stable, source: 'handBack', attempt: 3 }, 'deadLetter'],
  ['stable failed in a drain', { ...stable, draining: true }, 'return'],
  ['... where the broker keeps it for a while', { ...stable, draining: true, retriesLater: true }, 'retry'],
  ['... which was returned often', { ...stable, draining: true, delivery: delivered(returnLimit) }, 'retry'],
  ['... which the broker would dead-letter', { ...stable, draining: true, delivery: delivered(3, 3) }, 'retry'],
  ['stable failed for the last time in a drain', { ...stable, draining: true, attempt: 3 }, 'deadLetter'],
  ['... while everything fails', { ...stable, draining: true, attempt: 3, excused: true }, 'return'],
  [
    '... which was returned often',
    { ...stable, draining: true, attempt: 3, excused: true, delivery: delivered(returnLimit) },
    'deadLetter',
  ],
  ['stable gave up in a drain', { ...stable, outcome: 'abandoned', draining: true }, 'return'],
  ['canary failed', canary, 'handBack'],
  ['canary timed out', { ...canary, outcome: 'timedOut' }, 'handBack'],
  ['canary failed in a drain', { ...canary, draining: true }, 'handBack'],
  ['canary gave up in a drain', { ...canary, outcome: 'abandoned', draining: true }, 'handBack'],
  ['canary failed, no hand-back', { ...canary, handBackCapable: false }, 'return'],
  ['canary failed what was handed back', { ...canary, source: 'handBack' }, 'return'],
]

describe('what becomes of a message', () => {
  it.each(table)('%s', (_, judged, action) => {
    expect(afterOutcome(judged)).toBe(action)
  })

  const judgements = fc.record<Judged>({
    role: fc.constantFrom('stable', 'canary'),
    outcome: fc.constantFrom('succeeded', 'failed', 'timedOut', 'abandoned'),
    attempt: fc.integer({ min: 1, max: 10 }),
    maxAttempts: fc.integer({ min: 1, max: 10 }),
    excused: fc.boolean(),
    source: fc.constantFrom('queue', 'handBack'),
    handBackCapable: fc.boolean(),
    draining: fc.boolean(),
    retriesLater: fc.boolean(),
    delivery: fc.nat({ max: 40 }).map((count) => delivered(count)),
  })

  it('only success is acked; a canary neither retries nor dead-letters; a hand-back is never handed back again', () => {
    fc.assert(
      fc.property(judgements, (judged) => {
        const action = afterOutcome(judged)
        expect(action === 'ack').toBe(judged.outcome === 'succeeded')
        const mayHandBack = judged.role === 'canary' && judged.source === 'queue' && judged.handBackCapable
        expect(action !== 'handBack' || mayHandBack).toBe(true)
        expect(action !== 'retry' || judged.role === 'stable').toBe(true)
        const isSpent = judged.role === 'stable' && judged.attempt >= judged.maxAttempts
        expect(action !== 'deadLetter' || isSpent).toBe(true)
      }),
    )
  })

  it.each([
    [0, 2, 3, false],
    [1, 10, 3, false],
    [6, 10, 3, false],
    [7, 10, 3, true],
    [9, 10, 3, true],
    [10, 10, 3, true],
    [1, 2, 3, true],
    [40, Infinity, 3, false],
  ])(
    'a canary leaves to others what was returned %d times, of %d, with %d to spare: %s',
    (count, limit, spare, left) => {
      expect(handsOn(delivered(count, limit), spare)).toBe(left)
    },
  )

  it('a dead letter of the hand-back queue is not handled', () => {
    expect(beforeStart({ handedBack: undefined, dead: true, retried: undefined }, true)).toBe('deadLetter')
    expect(beforeStart({ handedBack: undefined, dead: true, retried: undefined }, false)).toBe('deadLetter')
    expect(beforeStart({ handedBack: undefined, dead: false, retried: undefined }, true)).toBe('start')
  })
})
