import { describe, expect, it } from 'vitest'
import {
  addDispersion,
  dispersionAmong,
  inflationOf,
  noDispersion,
  observeDispersion,
} from '../../../src/core/evidence/dispersion.ts'
import type { Dispersion } from '../../../src/core/evidence/dispersion.ts'
import { seededRandom } from '../../support/seeded-random.ts'

/** Looks at eight consumers with 20 messages each; failures come `size` at a time on one consumer. */
function looksOf(size: number, rateOf: (look: number) => number): Dispersion {
  const random = seededRandom(9)
  let dispersion = noDispersion
  for (let look = 0; look < 600; look++) {
    const consumers = Array.from({ length: 8 }, () => {
      let failed = 0
      for (let group = 0; group < 20 / size; group++) {
        if (random.whole(1, 1_000_000) <= rateOf(look) * 1_000_000) failed += size
      }
      return { messages: 20, failed }
    })
    dispersion = observeDispersion(dispersion, dispersionAmong(consumers))
  }
  return dispersion
}

describe('the dispersion guard', () => {
  it('leaves independent failures alone', () => {
    expect(inflationOf(looksOf(1, () => 0.05))).toBeLessThan(1.2)
  })

  it('leaves drifts and outages alone that all consumers share', () => {
    expect(inflationOf(looksOf(1, (look) => (look % 100 < 20 ? 0.9 : 0.01)))).toBeLessThan(1.2)
  })

  it('divides by half as much again as the size of the clusters it sees', () => {
    const inflation = inflationOf(looksOf(5, () => 0.05))
    expect(inflation).toBeGreaterThan(1.5 * 3.5)
    expect(inflation).toBeLessThan(1.5 * 6.5)
  })

  it.each([
    ['nothing', noDispersion, 1],
    ['less than chance', { observed: 0, expected: 1_000 }, 1],
    ['a little more', { observed: 120, expected: 100 }, 125 / 105],
    ['much more', { observed: 300, expected: 100 }, (1.5 * 305) / 105],
    ['much more of few', { observed: 2, expected: 0.5 }, 7 / 5.5],
  ])('makes of %s what it should', (_, dispersion, expected) => {
    expect(inflationOf(dispersion)).toBeCloseTo(expected, 12)
  })

  it.each([
    ['no consumers', []],
    ['one message', [{ messages: 1, failed: 1 }]],
    [
      'no failures',
      [
        { messages: 50, failed: 0 },
        { messages: 50, failed: 0 },
      ],
    ],
    [
      'nothing but failures',
      [
        { messages: 50, failed: 50 },
        { messages: 50, failed: 50 },
      ],
    ],
    ['one consumer', [{ messages: 50, failed: 5 }]],
  ])('sees nothing among %s', (_, consumers) => {
    const { observed, expected } = addDispersion(noDispersion, dispersionAmong(consumers))
    expect(observed).toBeCloseTo(0, 12)
    expect(expected).toBeCloseTo(0, 12)
  })

  it('expects of two equal consumers what drawing without putting back gives', () => {
    // 1 failure of 4 messages on two consumers: always (0.5)² + (0.5)².
    const { observed, expected } = dispersionAmong([
      { messages: 2, failed: 1 },
      { messages: 2, failed: 0 },
    ])
    expect(observed).toBeCloseTo(0.5, 12)
    expect(expected).toBeCloseTo(0.5, 12)
  })
})
