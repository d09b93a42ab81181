import { describe, expect, it } from 'vitest'
import {
  baselineHalfLifeMs,
  baselineRate,
  leastRate,
  mostRate,
  observeBaseline,
} from '../../../src/core/evidence/baseline.ts'
import { binomialChance } from './binomial-chance.ts'

describe('the baseline', () => {
  it.each([
    [0, 0, 0.5 / 50.5],
    [1_000, 0, 0.5 / 1_050.5],
    [1_000, 1_000, 1_000.5 / 1_050.5],
  ])('of %s messages with %s failed is %s', (messages, failed, expected) => {
    expect(baselineRate({ messages, failed })).toBeCloseTo(expected, 15)
  })

  it('tells nothing of the rate before the first message', () => {
    const none = { messages: 0, failed: 0 }
    expect([leastRate(none), mostRate(none)]).toEqual([0, 1])
  })

  it.each([
    [20, 0.01],
    [20, 0.3],
    [200, 0.002],
    [200, 0.02],
    [200, 0.5],
    [1_000, 0.01],
  ])('of %s messages at a rate of %s shows bounds that are wrong one time in forty at most each', (messages, rate) => {
    let [below, above] = [0, 0]
    for (let failed = 0; failed <= messages; failed++) {
      const chance = binomialChance(messages, failed, rate)
      if (leastRate({ messages, failed }) > rate) below += chance
      if (mostRate({ messages, failed }) < rate) above += chance
    }
    expect(below).toBeLessThan(0.025)
    expect(above).toBeLessThan(0.025)
  })

  it('forgets half in its half-life, and nothing in no time', () => {
    const before = { messages: 100, failed: 8 }
    const none = { messages: 0, failed: 0 }
    expect(observeBaseline(before, none, 0)).toEqual(before)
    const half = observeBaseline(before, none, baselineHalfLifeMs)
    expect(half.messages).toBeCloseTo(50, 12)
    expect(half.failed).toBeCloseTo(4, 12)
  })

  it('adds what is new at its full weight', () => {
    const { messages, failed } = observeBaseline(
      { messages: 100, failed: 8 },
      { messages: 7, failed: 2 },
      baselineHalfLifeMs,
    )
    expect([messages, failed]).toEqual([57, 6].map((value) => expect.closeTo(value, 12)))
  })
})
