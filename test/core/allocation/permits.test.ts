import { describe, expect, it } from 'vitest'
import { bridged, permit } from '../../../src/core/allocation/permits.ts'
import type { PermitLaw } from '../../../src/core/allocation/permits.ts'

const still: PermitLaw = {
  weight: 10,
  total: 0,
  canary: 0,
  unused: 0,
  ratePerMs: 0,
  horizonMs: 0,
  belated: 0,
  burst: 4,
  forgone: 0,
}

function grantOf(law: Partial<PermitLaw>): number {
  return permit({ ...still, ...law }).grant
}

describe('permit', () => {
  it.each([
    ['nothing has passed', {}, 0],
    ['the share is not a whole message yet', { total: 9 }, 0],
    ['the share is a message', { total: 10 }, 1],
    ['1 % of 300 is 3 in spite of binary fractions', { weight: 1, total: 300 }, 3],
    ['0.5 % of 200 is 1', { weight: 0.5, total: 200 }, 1],
    ['some were taken', { total: 40, canary: 3 }, 1],
    ['some are unused', { total: 40, canary: 1, unused: 2 }, 1],
    ['all are unused', { total: 40, unused: 4 }, 0],
    ['more than the burst is due', { total: 1_000 }, 4],
    ['the burst is partly unused', { total: 1_000, unused: 3 }, 1],
    ['more lies unused than the burst allows now', { total: 1_000, unused: 9 }, 0],
    ['messages are on their way', { total: 0, ratePerMs: 0.2, horizonMs: 75 }, 1],
    ['the canary is ahead', { total: 10, canary: 5 }, 0],
    ['what was forgone stays so', { total: 100, forgone: 10 }, 0],
    ['all is told of belatedly', { total: 1_000, belated: 1_000 }, 0],
    ['the share of what is not is a message', { total: 1_010, belated: 1_000 }, 1],
  ])('grants when %s', (_, law, expected) => {
    expect(grantOf(law)).toBe(expected)
  })

  it('lets go of what was missed beyond the reserve, and keeps what is within', () => {
    const late = { ...still, total: 10_000, ratePerMs: 0.1 }
    const reserve = 4 + 0.1 * 0.1 * 2_000
    expect(permit(late).forgone).toBeCloseTo(1_000 - reserve)
    expect(permit({ ...late, canary: 1_000 - 10 }).forgone).toBe(0)
  })

  it('never makes up for what was told of belatedly, however fast the queue is', () => {
    const told = { ...still, total: 5_000, belated: 4_000, canary: 100 }
    const { grant, forgone } = permit(told)
    expect([grant, forgone]).toEqual([0, 400])
    expect(permit({ ...told, belated: 0, forgone, ratePerMs: 10 }).grant).toBe(0)
  })
})

describe('a bridge', () => {
  it.each([
    ['before the next grant is late', 75, 0],
    ['a little later', 80, 2],
    ['in whole permits', 81, 3],
    ['after its whole length', 325, 125],
    ['never beyond it', 1e9, 125],
  ])('gives %s (%s ms) %s', (_, sinceMs, permits) => {
    expect(bridged({ permitsPerMs: 0.5, afterMs: 75 }, sinceMs)).toBe(permits)
  })
})
