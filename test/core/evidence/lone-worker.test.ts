import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainLoneWorker, loneWorker } from '../../../src/core/evidence/lone-worker.ts'
import type { Share } from '../../../src/core/evidence/lone-worker.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const fleet = (...consumers: readonly (readonly [taken: number, harmed: number])[]): readonly Share[] =>
  consumers.map(([taken, harmed], index) => ({ id: `w${index + 1}`, taken, harmed }))

describe('one worker that bears the failures of a version', () => {
  it.each<[string, readonly Share[], string | undefined]>([
    ['nobody', [], undefined],
    ['a single worker', fleet([100, 90]), undefined],
    ['workers without failures', fleet([100, 0], [100, 0]), undefined],
    ['two that fail alike', fleet([100, 20], [100, 25]), undefined],
    ['few failures that may be chance', fleet([100, 0], [100, 0], [100, 3]), undefined],
    ['the only failure', fleet([100, 1], [100, 0]), undefined],
    ['one of three that has all', fleet([100, 0], [100, 8], [100, 0]), 'w2'],
    ['one of two that has all', fleet([50, 9], [50, 0]), 'w1'],
    ['one that has most, beside a failure of its own on another', fleet([500, 1], [500, 20], [500, 0]), 'w2'],
    ['one that took most messages as well', fleet([1_000, 10], [10, 0], [10, 0]), undefined],
    ['one that took few and failed them all', fleet([1_000, 2], [6, 6]), 'w2'],
    ['a newcomer with the first failure', fleet([5_000, 0], [1, 1]), undefined],
    ['one beside others that took nothing', fleet([100, 50], [0, 0]), undefined],
  ])('%s', (_, consumers, id) => {
    expect(loneWorker(consumers)?.id).toBe(id)
  })

  it('is told with the numbers', () => {
    const lone = loneWorker(fleet([100, 0], [100, 8], [100, 0]))
    expect(lone && explainLoneWorker(lone)).toBe(
      '8 of 8 failures are of consumer w2, which took 33 % of the messages: look at that worker',
    )
  })

  it('is seldom pointed at where all fail alike', () => {
    const random = seededRandom(11)
    let pointed = 0
    for (let run = 0; run < 2_000; run++) {
      const consumers = Array.from({ length: 4 }, (_, index) => {
        const taken = 100
        const harmed = Array.from({ length: taken }).filter(() => random.whole(1, 100) <= 10).length
        return { id: `w${index}`, taken, harmed }
      })
      if (loneWorker(consumers) !== undefined) pointed++
    }
    expect(pointed).toBeLessThan(30)
  })

  it('takes any numbers', () => {
    const share = fc.record({ id: fc.string(), taken: fc.nat({ max: 5_000 }), harmed: fc.nat({ max: 5_000 }) })
    fc.assert(
      fc.property(fc.array(share, { maxLength: 6 }), (consumers) => {
        const lone = loneWorker(consumers)
        expect(lone === undefined || (lone.part > 0 && lone.part < 1 && lone.harmed > 0)).toBe(true)
      }),
    )
  })
})
