import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/simulate/random.ts'
import { binomial, poisson, positionOfHit } from '../../src/simulate/samplers.ts'
import { binomialChance } from '../core/evidence/binomial-chance.ts'
import { brokenRules } from '../support/broken-rules.ts'

const draws = 100_000

function momentsOf(draw: () => number): { readonly mean: number; readonly variance: number } {
  let [sum, squares] = [0, 0]
  for (let index = 0; index < draws; index++) {
    const value = draw()
    sum += value
    squares += value * value
  }
  const mean = sum / draws
  return { mean, variance: squares / draws - mean * mean }
}

/** Empty within five standard errors of the mean, and 5 % of the variance. */
function astray(found: ReturnType<typeof momentsOf>, mean: number, variance: number): readonly string[] {
  return brokenRules({
    [`mean ${found.mean}`]: Math.abs(found.mean - mean) < 5 * Math.sqrt(variance / draws) + 1e-12,
    [`variance ${found.variance}`]: Math.abs(found.variance - variance) < 0.05 * variance + 1e-12,
  })
}

describe('random numbers', () => {
  it('are the same for the same seed, and others for its neighbours', () => {
    const ten = (seed: number) => {
      const random = seededRandom(seed)
      return Array.from({ length: 10 }, () => random())
    }
    expect(ten(7)).toEqual(ten(7))
    const others = [ten(7), ten(8), ten(7 + 2 ** 32)].flat()
    expect(new Set(others).size).toBe(30)
    expect(others.every((value) => value >= 0 && value < 1)).toBe(true)
  })

  it('are even', () => {
    expect(astray(momentsOf(seededRandom(1)), 1 / 2, 1 / 12)).toEqual([])
  })
})

describe('binomial', () => {
  it.each([
    [1, 0.3],
    [99, 0.01],
    [40, 0.2],
    [60, 0.2],
    [50, 0.5],
    [30, 0.9],
    [1_000, 0.7],
    [1_000_000, 0.3],
    [1_000_000, 1e-6],
  ])('of %i with a chance of %d', (tries, chance) => {
    const random = seededRandom(3)
    const found = momentsOf(() => binomial(tries, chance, random))
    expect(astray(found, tries * chance, tries * chance * (1 - chance))).toEqual([])
  })

  it.each([
    [20, 0.2],
    [60, 0.3],
  ])('has the right chance of every number: of %i with %d', (tries, chance) => {
    const random = seededRandom(4)
    const counts = Array.from({ length: tries + 1 }, () => 0)
    for (let index = 0; index < draws; index++) {
      const hits = binomial(tries, chance, random)
      counts[hits] = (counts[hits] ?? 0) + 1
    }
    for (const [hits, count] of counts.entries()) {
      const expected = draws * binomialChance(tries, hits, chance)
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected) + 5)
    }
  })

  it.each([
    [0, 0.5, 0],
    [-3, 0.5, 0],
    [10, 0, 0],
    [10, 1, 10],
    [10, -1, 0],
    [10, 2, 10],
    [10, Number.NaN, 0],
  ])('of %i with a chance of %d is %i', (tries, chance, hits) => {
    expect(binomial(tries, chance, seededRandom(1))).toBe(hits)
  })
})

describe('poisson', () => {
  it.each([0.01, 1, 9.9, 10.1, 100, 10_000])('of %d', (mean) => {
    const random = seededRandom(5)
    const found = momentsOf(() => poisson(mean, random))
    expect(astray(found, mean, mean)).toEqual([])
  })

  it.each([0, -1, Number.NaN])('of %d is 0', (mean) => {
    expect(poisson(mean, seededRandom(1))).toBe(0)
  })
})

describe('the position of a hit', () => {
  it('is where it is when everything hits', () => {
    expect([1, 2, 3].map((wanted) => positionOfHit(wanted, 3, 3, seededRandom(1)))).toEqual([1, 2, 3])
  })

  it('is even for a single hit, and in its place for several', () => {
    const random = seededRandom(6)
    const mean = (wanted: number, hits: number) => momentsOf(() => positionOfHit(wanted, hits, 20, random)).mean
    expect(mean(1, 1)).toBeCloseTo(10.5, 1)
    // Order statistics: hits divide the tries evenly.
    expect(mean(2, 4)).toBeCloseTo((2 * 21) / 5, 1)
  })
})
