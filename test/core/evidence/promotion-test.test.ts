import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { excessBound, excesses, observeExcess, openExcessTests } from '../../../src/core/evidence/excess-bound.ts'
import { countTrials } from '../../../src/core/evidence/half-space.ts'
import {
  logPromotionEvidence,
  marginLine,
  observePromotion,
  openPromotionTest,
} from '../../../src/core/evidence/promotion-test.ts'
import { binomialChance } from './binomial-chance.ts'

const look = (canary: number, canaryFailed: number, stable: number, stableFailed: number) =>
  countTrials({ messages: canary, failed: canaryFailed }, { messages: stable, failed: stableFailed })
const evidence = (test: typeof openPromotionTest) => Math.exp(logPromotionEvidence(test))

describe('the promotion test', () => {
  it('starts at 1, and grows with good canary messages', () => {
    const once = observePromotion(openPromotionTest, marginLine(0.01), look(250, 2, 750, 8), 0.01)
    expect(evidence(openPromotionTest)).toBe(1)
    expect(evidence(once)).toBeGreaterThan(2)
  })

  it('keeps its expectation at 1 or below where the canary is worse by the margin, exactly, over all outcomes of a look', () => {
    const rates = fc.double({ min: 0.001, max: 0.999, noNaN: true })
    const worlds = fc.record({
      canary: fc.nat(6),
      stable: fc.nat(6),
      rate: rates,
      guess: rates,
      margin: fc.constantFrom(0.01, 0.1, 0.5),
    })
    fc.assert(
      fc.property(worlds, ({ canary, stable, rate, guess, margin }) => {
        let mean = 0
        for (let canaryFailed = 0; canaryFailed <= canary; canaryFailed++) {
          for (let stableFailed = 0; stableFailed <= stable; stableFailed++) {
            const worse = rate + margin * (1 - rate)
            const chance = binomialChance(canary, canaryFailed, worse) * binomialChance(stable, stableFailed, rate)
            const trials = look(canary, canaryFailed, stable, stableFailed)
            mean += chance * evidence(observePromotion(openPromotionTest, marginLine(margin), trials, guess))
          }
        }
        expect(mean).toBeLessThanOrEqual(1 + 1e-9)
      }),
      { numRuns: 300 },
    )
  })

  it('proves nothing in an outage of both versions', () => {
    const outage = observePromotion(openPromotionTest, marginLine(0.01), look(250, 240, 750, 721), 0.01)
    expect(evidence(outage)).toBeLessThan(2)
  })

  it('proves nothing without a margin, nor without stable messages', () => {
    const none = observePromotion(openPromotionTest, marginLine(0), look(250, 0, 750, 8), 0.01)
    const alone = observePromotion(openPromotionTest, marginLine(0.01), look(250, 0, 0, 0), 0.01)
    expect(evidence(none)).toBeCloseTo(1, 12)
    expect(evidence(alone)).toBe(1)
  })
})

describe('the excess bound', () => {
  it('tests excesses from the largest to the smallest', () => {
    expect(excesses).toEqual(excesses.toSorted((a, b) => b - a))
  })

  it('is 1 before anything is seen, and after 0 failures about 3 in n', () => {
    expect(excessBound(openExcessTests, 0.05)).toBe(1)
    const bound = excessBound(observeExcess(openExcessTests, look(1_000, 0, 19_000, 0), 1e-5), 0.05)
    expect(bound).toBeGreaterThanOrEqual(0.003)
    expect(bound).toBeLessThanOrEqual(0.005)
  })

  it('stops at the first excess that is not ruled out, whatever lies below it', () => {
    const tests = excesses.map((excess) => (excess > 0.3 || excess === 0.1 || excess < 0.01 ? 10 : 0))
    expect(excessBound(tests, 0.05)).toBe(0.35)
  })

  it('asks for more where fewer errors are allowed', () => {
    const tests = observeExcess(openExcessTests, look(200, 2, 3_800, 38), 0.01)
    expect(excessBound(tests, 0.001)).toBeGreaterThan(excessBound(tests, 0.05))
  })
})
