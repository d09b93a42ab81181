import { describe, expect, it } from 'vitest'
import { information, messagesToPromote, messagesToRollBack } from '../../../src/core/evidence/planning.ts'

const equal = { slope: 1, intercept: 0 }

describe('planning', () => {
  it.each([
    // Canary messages that a test which knows both rates needs at a share of 5 %: ln(100) nats of evidence.
    [0.01, 0.02, 1_257],
    [0.01, 0.05, 122.8],
    [0.05, 0.1, 238],
    [0.2, 0.4, 46.8],
    [0.5, 0.75, 37],
    [0.001, 0.005, 1_252],
  ])('knows how much a canary at %s and %s tells', (stable, canary, messages) => {
    const needed = (0.05 * Math.log(100)) / information(equal, { canary, stable, share: 0.05 })
    expect(Math.abs(needed / messages - 1)).toBeLessThan(0.005)
  })

  it('foretells a rollback, and none for a canary that is not worse', () => {
    const at = (canary: number) => messagesToRollBack({ canary, stable: 0.01, share: 0.05 }, equal, 0.01)
    expect(at(0.05)).toBeGreaterThan(140)
    expect(at(0.05)).toBeLessThan(170)
    expect(at(0.01)).toBe(Infinity)
    expect(at(0.005)).toBe(Infinity)
  })

  it('foretells a promotion, less of one where part is proven', () => {
    const from = (nats: number, margin = 0.01) => messagesToPromote({ stable: 0.01, share: 0.05 }, margin, nats)
    expect(from(Math.log(20))).toBeGreaterThan(750)
    expect(from(Math.log(20))).toBeLessThan(1_050)
    expect(from(1)).toBeCloseTo(from(2) / 2, 6)
    expect(from(-1)).toBe(0)
    expect(from(1, 0)).toBe(Infinity)
  })
})
