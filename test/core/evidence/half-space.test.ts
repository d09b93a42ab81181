import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countTrials, logEvidence } from '../../../src/core/evidence/half-space.ts'
import { project } from '../../../src/core/evidence/projection.ts'
import type { Line } from '../../../src/core/evidence/projection.ts'
import { meanFactor, randomPoint } from './one-message.ts'
import { allVectors } from './vectors.ts'
import { seededRandom } from '../../support/seeded-random.ts'

describe('the reference vectors', () => {
  it.each(allVectors())('$name is $expected', ({ expected, found }) => {
    expect(Math.abs(found / expected - 1)).toBeLessThan(1e-6)
  })
})

const rate = fc.double({ min: 1e-4, max: 1 - 1e-4, noNaN: true })
const share = fc.double({ min: 1e-4, max: 1 - 1e-4, noNaN: true })
const lines = fc.oneof(
  fc.double({ min: 0.5, max: 3, noNaN: true }).map((slope): Line => ({ slope, intercept: 0 })),
  fc.double({ min: 1e-4, max: 0.999, noNaN: true }).map((margin): Line => ({ slope: 1 - margin, intercept: margin })),
  fc.record({
    slope: fc.double({ min: 0.1, max: 2, noNaN: true }),
    intercept: fc.double({ min: -0.2, max: 0.5, noNaN: true }),
  }),
)

describe('messageFactors', () => {
  it('never gains on average where the null hypothesis holds, at any of 100,000 random points', () => {
    const random = seededRandom(11)
    let worst = 0
    for (let point = 0; point < 100_000; point++) worst = Math.max(worst, meanFactor(randomPoint(random)))
    expect(worst - 1).toBeLessThanOrEqual(1e-12)
    // Were the bound far off, the test would say nothing.
    expect(worst).toBeGreaterThan(0.999)
  })

  it('is 1 on average all along the line, where the projection is exact', () => {
    fc.assert(
      fc.property(
        fc.record({ line: lines, w: share, canary: rate, stable: rate, at: rate }),
        ({ line, w, canary, stable, at }) => {
          const onLine = line.slope * at + line.intercept
          const limit = line.slope * stable + line.intercept
          fc.pre(onLine > 0 && onLine < 1 && limit > 0 && limit < 1)
          const worse = limit + (1 - limit) * canary
          const mean = meanFactor({
            line,
            share: w,
            alternative: { canary: worse, stable },
            truth: { canary: onLine, stable: at },
          })
          expect(mean).toBeGreaterThan(1 - 1e-6)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('solves a general line as the closed forms do', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), share, rate, rate, (slope, w, excess, stable) => {
        fc.pre(slope * stable < 0.999)
        const canary = slope * stable + (1 - slope * stable) * excess
        const near = project({ slope, intercept: 1e-13 }, w, canary, stable)
        expect(Math.abs(near / project({ slope, intercept: 0 }, w, canary, stable) - 1)).toBeLessThan(1e-5)
      }),
    )
  })
})

describe('logEvidence', () => {
  const line = { slope: 1.1, intercept: 0 }
  const look = (canary: number, canaryFailed: number, stable: number, stableFailed: number) =>
    countTrials({ messages: canary, failed: canaryFailed }, { messages: stable, failed: stableFailed })

  it.each([
    ['no canary messages', look(0, 0, 100, 7)],
    ['no stable messages', look(100, 30, 0, 0)],
    ['no messages', look(0, 0, 0, 0)],
  ])('is nothing with %s', (_, trials) => {
    expect(logEvidence(line, trials, 0.3, 0.01)).toBe(0)
  })

  it('rises with failures of the canary and falls with those of the stable version', () => {
    const of = (canaryFailed: number, stableFailed: number) =>
      logEvidence(line, look(10, canaryFailed, 90, stableFailed), 0.1, 0.01)
    expect(of(1, 1)).toBeGreaterThan(of(0, 1))
    expect(of(1, 2)).toBeLessThan(of(1, 1))
    expect(of(0, 0)).toBeLessThan(0)
  })

  it('needs no stable messages against an absolute ceiling', () => {
    const ceiling = { slope: 0, intercept: 0.05 }
    expect(logEvidence(ceiling, look(2, 2, 0, 0), 0.3, 0.01)).toBeCloseTo(2 * Math.log(0.3 / 0.05), 12)
  })

  it('shrinks by what the counts are divided by', () => {
    const canary = { messages: 10, failed: 3 }
    const stable = { messages: 90, failed: 1 }
    const full = logEvidence(line, countTrials(canary, stable), 0.3, 0.01)
    expect(logEvidence(line, countTrials(canary, stable, 2), 0.3, 0.01)).toBeCloseTo(full / 2, 12)
  })
})
