import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divide, level } from '../../../src/core/allocation/divide.ts'

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('divide', () => {
  it.each([
    [1, [10, 10, 10], [1, 0, 0]],
    [2, [10, 10, 10], [1, 1, 0]],
    [4, [10, 10], [2, 2]],
    [5, [10, 10], [3, 2]],
    [3, [10, 30], [1, 2]],
    [7, [1, 1, 30], [0, 0, 7]],
    [50, [10, 20], [10, 20]],
    [0, [10, 10], [0, 0]],
    [-3, [10], [0]],
    [5, [0, 0], [0, 0]],
    [5, [], []],
  ])('divides %s among %j as %j', (total, capacities, parts) => {
    expect(divide(total, capacities)).toEqual(parts)
  })

  it('is exact, keeps every capacity, and gives whole numbers', () => {
    fc.assert(
      fc.property(fc.nat({ max: 500 }), fc.array(fc.nat({ max: 100 }), { maxLength: 30 }), (total, capacities) => {
        const parts = divide(total, capacities)
        expect(sum(parts)).toBe(Math.min(total, sum(capacities)))
        expect(
          parts.every((part, index) => Number.isInteger(part) && part >= 0 && part <= (capacities[index] ?? 0)),
        ).toBe(true)
      }),
    )
  })

  it('keeps the proportion to within one', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 500 }),
        fc.array(fc.nat({ max: 100 }), { minLength: 1, maxLength: 30 }),
        (total, capacities) => {
          const room = sum(capacities)
          const parts = divide(total, capacities)
          for (const [index, part] of parts.entries())
            expect(
              Math.abs(part - (Math.min(total, room) * (capacities[index] ?? 0)) / Math.max(1, room)),
            ).toBeLessThan(1)
        },
      ),
    )
  })
})

describe('level', () => {
  it.each([
    [3, [{ held: 0, want: 5 }], [3]],
    [9, [{ held: 0, want: 5 }], [5]],
    [
      2,
      [
        { held: 4, want: 5 },
        { held: 0, want: 5 },
      ],
      [0, 2],
    ],
    [
      4,
      [
        { held: 0, want: 2 },
        { held: 0, want: 2 },
      ],
      [2, 2],
    ],
    [
      1,
      [
        { held: 0, want: 2 },
        { held: 0, want: 2 },
      ],
      [1, 0],
    ],
    [5, [{ held: 9, want: 2 }], [0]],
    [2.9, [{ held: 0, want: 5 }], [2]],
    [-1, [{ held: 0, want: 5 }], [0]],
    [5, [], []],
  ])('gives %s units to %j as %j', (units, holders, given) => {
    expect(level(units, holders)).toEqual(given)
  })

  it('gives all that is wanted, and nobody beyond the want', () => {
    const holder = fc.record({ held: fc.nat({ max: 30 }), want: fc.nat({ max: 30 }) })
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 200 }), fc.array(holder, { maxLength: 12 }), (units, holders) => {
        const given = level(units, holders)
        const wanted = sum(holders.map(({ held, want }) => Math.max(0, want - held)))
        expect(sum(given)).toBe(Math.max(0, Math.min(units, wanted)))
        for (const [index, { held, want }] of holders.entries())
          expect(given[index]).toBeLessThanOrEqual(Math.max(0, want - held))
      }),
    )
  })

  it('leaves nobody worse off than another by more than one where it could help', () => {
    const holder = fc.record({ held: fc.nat({ max: 10 }), want: fc.nat({ max: 30 }) })
    fc.assert(
      fc.property(fc.nat({ max: 60 }), fc.array(holder, { minLength: 1, maxLength: 6 }), (units, holders) => {
        const given = level(units, holders)
        const lacks = holders.map(({ held, want }, index) => want - held - (given[index] ?? 0))
        const helped = lacks.filter((_, index) => (given[index] ?? 0) > 0)
        for (const lack of helped) expect(lack).toBeGreaterThanOrEqual(Math.max(...lacks) - 1)
      }),
    )
  })
})
