import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { budgetedShare, shareCap } from '../../../src/core/allocation/budgeted-share.ts'
import type { ShareBudget, ShareSituation } from '../../../src/core/allocation/budgeted-share.ts'

const budget: ShareBudget = {
  failureBudget: 5,
  significanceLevel: 0.01,
  maxShare: 0.5,
  minDurationMs: 300_000,
  lookMs: 1_000,
  reactionMs: 2_000,
}
const situation: ShareSituation = {
  ratePerMs: 10,
  excessBound: 1,
  elapsedMs: 300_000,
  share: 0.01,
  suspicious: false,
}
const cap = shareCap(budget)

function share(parts: Partial<ShareSituation>, ofBudget: Partial<ShareBudget> = {}): number {
  return budgetedShare({ ...budget, ...ofBudget }, { ...situation, ...parts })
}

describe('shareCap', () => {
  it.each([
    [3, 0.1106],
    [5, 0.2669],
    [10, 0.5],
    [1, 0.0014],
  ])('of a budget of %s is %s', (failureBudget, expected) => {
    expect(shareCap({ ...budget, failureBudget })).toBeCloseTo(expected, 4)
  })
})

describe('budgetedShare', () => {
  it.each([
    ['what the budget pays until the next decision', { share: 0.001, excessBound: 0.2 }, 5 / (10 * 2_000 * 0.2)],
    ['twice what it was', { share: 0.01, excessBound: 0.001 }, 0.02],
    ['the cap', { share: 0.2, excessBound: 1e-4 }, cap],
    ['one message a look at the start', { share: 0 }, 1 / 10_000],
    ['no more than the pace allows', { share: 0.1, excessBound: 1e-4, elapsedMs: 0 }, 0.01],
    [
      'half-way in logs at half of the time',
      { share: 0.1, excessBound: 1e-4, elapsedMs: 150_000 },
      Math.sqrt(0.01 * cap),
    ],
    ['less where the excess grew', { share: 0.02, excessBound: 0.05 }, 0.005],
    ['as it was, where it would change by less than a tenth', { share: 0.0052, excessBound: 0.05 }, 0.0052],
    ['no more under suspicion', { share: 0.01, excessBound: 0.001, suspicious: true }, 0.01],
    ['less under suspicion too', { share: 0.02, excessBound: 0.05, suspicious: true }, 0.005],
    ['the cap on a queue with less than a message a look', { ratePerMs: 0.0001, share: 0 }, cap],
    ['the cap on an empty queue', { ratePerMs: 0, share: 0 }, cap],
  ])('is %s', (_, parts, expected) => {
    expect(share(parts)).toBeCloseTo(expected, 12)
  })

  it('needs no pace without a least duration', () => {
    expect(share({ share: 0.2, excessBound: 1e-4, elapsedMs: 0 }, { minDurationMs: 0 })).toBeCloseTo(cap, 12)
  })

  it('is never above the cap, never more than doubled, and never nothing', () => {
    const situations = fc.record({
      ratePerMs: fc.double({ min: 0, max: 100, noNaN: true }),
      excessBound: fc.double({ min: 1e-4, max: 1, noNaN: true }),
      elapsedMs: fc.nat(600_000),
      share: fc.double({ min: 0, max: 1, noNaN: true }).map((part) => part * cap),
      suspicious: fc.boolean(),
    })
    fc.assert(
      fc.property(situations, (given) => {
        const next = budgetedShare(budget, given)
        const floor = 1 / Math.max(1, given.ratePerMs * budget.lookMs)
        expect(next).toBeLessThanOrEqual(cap)
        expect(next).toBeLessThanOrEqual(Math.max(2 * given.share, floor))
        expect(next).toBeLessThanOrEqual(given.suspicious ? given.share : cap)
        expect(next > 0 || given.suspicious).toBe(true)
      }),
    )
  })
})
