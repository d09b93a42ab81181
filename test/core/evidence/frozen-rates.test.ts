import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freeze, frozenFor } from '../../../src/core/evidence/frozen-rates.ts'
import type { FrozenRates } from '../../../src/core/evidence/frozen-rates.ts'

const start: FrozenRates = [{ from: 0, rate: 0.01, inflation: 1 }]

describe('frozen rates', () => {
  it('hold from the cohort after those that had begun', () => {
    const rates = freeze(start, { rate: 0.02, inflation: 1 }, { opened: 7, closed: 3 })
    expect([4, 7, 8, 9].map((cohort) => frozenFor(rates, cohort).rate)).toEqual([0.01, 0.01, 0.02, 0.02])
  })

  it.each([
    [0.0102, 1, 1],
    [0.0104, 1, 2],
    [0.0096, 1, 2],
    [0.01, 1.02, 1],
    [0.01, 1.5, 2],
  ])('change to %s and %s only where it matters', (rate, inflation, entries) => {
    expect(freeze(start, { rate, inflation }, { opened: 7, closed: 3 })).toHaveLength(entries)
  })

  it('are replaced where no cohort began meanwhile, and forgotten where none needs them', () => {
    const first = freeze(start, { rate: 0.02, inflation: 1 }, { opened: 7, closed: 3 })
    const second = freeze(first, { rate: 0.03, inflation: 1 }, { opened: 7, closed: 4 })
    expect(second.map(({ from, rate }) => [from, rate])).toEqual([
      [0, 0.01],
      [8, 0.03],
    ])
    expect(freeze(second, { rate: 0.03, inflation: 1 }, { opened: 9, closed: 7 })).toHaveLength(1)
  })

  it('never change for a cohort that has begun, and stay few', () => {
    const steps = fc.array(
      fc.record({ rate: fc.double({ min: 0.001, max: 0.9, noNaN: true }), begun: fc.nat(3), done: fc.nat(3) }),
    )
    fc.assert(
      fc.property(steps, (list) => {
        let rates = start
        let [opened, closed] = [0, 0]
        for (const { rate, begun, done } of list) {
          opened += begun
          closed = Math.min(opened, closed + done)
          const before = rates
          rates = freeze(rates, { rate, inflation: 1 }, { opened, closed })
          for (let cohort = closed + 1; cohort <= opened; cohort++) {
            expect(frozenFor(rates, cohort)).toEqual(frozenFor(before, cohort))
          }
          expect(rates.length).toBeLessThanOrEqual(8)
        }
      }),
    )
  })
})
