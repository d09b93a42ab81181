import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countTrials } from '../../../src/core/evidence/half-space.ts'
import { betWeights, evidenceIn, observeMixture, openMixture, restartMass } from '../../../src/core/evidence/mixture.ts'
import type { Mixture } from '../../../src/core/evidence/mixture.ts'
import { binomialChance } from './binomial-chance.ts'

const equal = { slope: 1, intercept: 0 }
const look = (canary: number, canaryFailed: number, stable: number, stableFailed: number) =>
  countTrials({ messages: canary, failed: canaryFailed }, { messages: stable, failed: stableFailed })

function after(looks: readonly ReturnType<typeof look>[], line = equal, rate = 0.01): Mixture {
  return looks.reduce((mixture, trials) => observeMixture(mixture, line, trials, rate), openMixture())
}

describe('a mixture', () => {
  it('starts at 1, all of it placed or kept back', () => {
    expect(evidenceIn(openMixture())).toBeCloseTo(1, 15)
    expect(betWeights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 15)
  })

  it('never places more than it kept back, however often it restarts', () => {
    let placed = 0
    for (let restart = 1; restart <= 1_000_000; restart++) placed += restartMass(restart)
    // What is left of the series is below the integral of 1/(x ln² x): 1/ln(1,000,000) of the unit.
    const rest = (restartMass(1) * 2 * Math.LN2 ** 2) / Math.log(1_000_000)
    expect(placed + rest).toBeLessThanOrEqual(0.25)
    expect(placed + rest).toBeGreaterThan(0.2499)
  })

  it('places something anew at each look after one with canary messages', () => {
    const { restarts, reserve, since } = after([
      look(5, 0, 95, 1),
      look(5, 0, 95, 1),
      look(0, 0, 100, 1),
      look(5, 0, 95, 1),
    ])
    expect({ restarts, since }).toEqual({ restarts: 2, since: 5 })
    expect(reserve).toBeCloseTo(0.25 - restartMass(1) - restartMass(2), 15)
  })

  it('keeps its expectation at 1 or below where the canary is not worse, exactly, over all outcomes of a look', () => {
    const rates = fc.double({ min: 0.001, max: 0.999, noNaN: true })
    const counts = fc.nat(6)
    const worlds = fc.record({
      canary: counts,
      stable: counts,
      rate: rates,
      guess: rates,
      slope: fc.constantFrom(0.8, 1, 1.1, 1.5),
    })
    fc.assert(
      fc.property(worlds, ({ canary, stable, rate, guess, slope }) => {
        const canaryRate = Math.min(1, slope * rate)
        const before = after([look(3, 1, 20, 0)])
        let mean = 0
        for (let canaryFailed = 0; canaryFailed <= canary; canaryFailed++) {
          for (let stableFailed = 0; stableFailed <= stable; stableFailed++) {
            const chance = binomialChance(canary, canaryFailed, canaryRate) * binomialChance(stable, stableFailed, rate)
            const trials = look(canary, canaryFailed, stable, stableFailed)
            mean += chance * evidenceIn(observeMixture(before, { slope, intercept: 0 }, trials, guess))
          }
        }
        expect(mean).toBeLessThanOrEqual(evidenceIn(before) * (1 + 1e-9))
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    [0.95, 1.1],
    [1 - 1e-9, 1],
    [1e-12, 1],
    [0.5, 2],
  ])('stays finite at a baseline of %s and a slope of %s', (rate, slope) => {
    const mixture = after(
      [look(1e6, 1e6, 1e6, 0), look(1e6, 0, 1e6, 1e6), look(1e6, 1e6, 1e6, 0), look(1, 0, 1, 1)],
      { slope, intercept: 0 },
      rate,
    )
    for (const value of [...mixture.evidence, evidenceIn(mixture)]) expect(value).toBeGreaterThanOrEqual(0)
    expect(evidenceIn(mixture)).toBeLessThan(Infinity)
  })

  it('shows nothing where the baseline leaves no room for worse', () => {
    const [full, none] = [look(50, 50, 50, 49), look(50, 0, 50, 50)]
    expect(evidenceIn(after([full, full, none], { slope: 1.1, intercept: 0 }, 0.97))).toBeCloseTo(1, 12)
  })

  it('finds a canary that fails where the stable version never does', () => {
    // Three failures in 255 canary messages against none in 4,900.
    const quiet = Array.from({ length: 48 }, () => look(5, 0, 96, 0))
    const failing = [look(5, 1, 96, 0), look(5, 1, 96, 0), look(5, 1, 96, 0)]
    expect(evidenceIn(after([...quiet, ...failing], equal, 0.5 / 5_000))).toBeGreaterThan(100)
  })

  it('grows by failures of the canary alone, not by those of both', () => {
    const outage = look(50, 48, 950, 910)
    const alone = look(50, 48, 950, 9)
    expect(evidenceIn(after([outage, outage, outage]))).toBeLessThan(1)
    expect(evidenceIn(after([alone]))).toBeGreaterThan(1e30)
  })

  it('finds a regression that starts late about as soon as one that starts at once', () => {
    const good = Array.from({ length: 3_600 }, () => look(5, 0, 95, 1))
    const bad = Array.from({ length: 12 }, () => look(5, 2, 95, 1))
    const needed = (looks: readonly ReturnType<typeof look>[]) => {
      const before = after(looks)
      return bad.findIndex((_, index) => {
        const mixture = bad
          .slice(0, index + 1)
          .reduce((now, trials) => observeMixture(now, equal, trials, 0.01), before)
        return evidenceIn(mixture) >= 100
      })
    }
    expect(needed([])).toBe(1)
    expect(needed(good)).toBeLessThanOrEqual(4)
  })
})
