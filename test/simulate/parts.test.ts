import { describe, expect, it } from 'vitest'
import { addWindows, noDurations, totalOf } from '../../src/core/evidence/duration-window.ts'
import { lastBucket, quantile } from '../../src/core/evidence/histogram.ts'
import { trafficKinds } from '../../src/core/policy/traffic-kind.ts'
import { Durations, histogramOf } from '../../src/simulate/durations.ts'
import { Outages } from '../../src/simulate/outages.ts'
import { seededRandom } from '../../src/simulate/random.ts'
import { Slots } from '../../src/simulate/slots.ts'
import { expectedArrivals } from '../../src/simulate/traffic.ts'
import { buildTraffic } from './support.ts'

describe('arrivals', () => {
  it.each(trafficKinds)('%s come at the rate on average, however time is cut', (kind) => {
    const traffic = buildTraffic({ kind, ratePerSecond: 50 })
    const hour = 3_600_000
    let pieces = 0
    for (let ms = 0; ms < hour; ms += 7_000) pieces += expectedArrivals(traffic, ms, Math.min(hour, ms + 7_000))
    const mean = kind === 'trickle' ? 5 : 50
    expect(expectedArrivals(traffic, 0, hour)).toBeCloseTo(mean * 3_600, 6)
    expect(pieces).toBeCloseTo(mean * 3_600, 6)
  })

  it.each([
    ['bursts', 0, 250],
    ['bursts', 30_000, 10],
    ['sine', 150_000, 90],
    ['sine', 450_000, 10],
    ['steady', 450_000, 50],
  ] as const)('%s at %i ms are %i a second', (kind, ms, perSecond) => {
    const traffic = buildTraffic({ kind, ratePerSecond: 50 })
    expect(expectedArrivals(traffic, ms, ms + 1_000)).toBeCloseTo(perSecond, 1)
  })
})

describe('outages', () => {
  it('come once in ten minutes and last a minute at most', () => {
    const outages = new Outages(seededRandom(1))
    const severities = Array.from({ length: 6_000 }, (_, second) => outages.at(1_000 * second))
    for (let period = 0; period < 10; period++) {
      const down = severities.slice(600 * period, 600 * (period + 1)).filter((severity) => severity > 0)
      expect(down.length).toBeLessThanOrEqual(60)
      expect(new Set(down).size).toBeLessThanOrEqual(1)
      expect(down.every((severity) => severity >= 0.05 && severity <= 0.95)).toBe(true)
    }
    expect(severities.filter((severity) => severity > 0).length).toBeGreaterThan(100)
  })
})

describe('durations', () => {
  const durations = new Durations(20)
  const deviation = 0.7
  const median = 20 * Math.exp(-(deviation ** 2) / 2)

  it.each([
    ['one at a time', 1_000, 100],
    ['bucket by bucket', 1, 100_000],
  ])('are log-normal, drawn %s', (_, times, messages) => {
    const random = seededRandom(2)
    const drawn = Array.from({ length: times }, () => durations.draw(messages, random)).reduce(addWindows)
    expect(totalOf(drawn)).toBe(times * messages)
    const buckets = histogramOf(drawn)
    expect(quantile(buckets, 0.5)).toBeGreaterThan(0.95 * median)
    expect(quantile(buckets, 0.5)).toBeLessThan(1.05 * median)
    const p90 = median * Math.exp(1.2816 * deviation)
    expect(quantile(buckets, 0.9)).toBeGreaterThan(0.95 * p90)
    expect(quantile(buckets, 0.9)).toBeLessThan(1.05 * p90)
  })

  it('are expected as they are drawn', () => {
    const expected = durations.expected(1_000)
    expect(Object.values(expected).reduce((sum, count) => sum + count, 0)).toBeCloseTo(1_000, 6)
    expect(quantile(expected, 0.5)).toBeGreaterThan(0.95 * median)
  })

  it.each([0.5, 1, 3_600_000])('of %d ms have their buckets', (mean) => {
    const { first, counts } = new Durations(mean).draw(50, seededRandom(1))
    expect(totalOf({ first, counts })).toBe(50)
    expect(first).toBeGreaterThanOrEqual(0)
    expect(first + counts.length - 1).toBeLessThanOrEqual(lastBucket)
  })

  it('of nothing are nothing, and of one draw none of the one before', () => {
    expect(durations.draw(0, seededRandom(1))).toEqual(noDurations)
    const random = seededRandom(1)
    durations.draw(1_000, random)
    expect(totalOf(durations.draw(3, random))).toBe(3)
  })
})

describe('slots', () => {
  const begunIn = (slots: number, occupiedMs: number, intervals: number) => {
    const found = new Slots()
    return Array.from({ length: intervals }, () => {
      const room = found.refill(slots, occupiedMs, 1_000)
      found.begin(room)
      return room
    })
  }

  it.each([
    ['short handlers', 4, 20, 200],
    ['a delay', 1, 200, 5],
    ['what does not divide', 1, 600, 1_000 / 600],
    ['handlers that outlast the interval', 4, 10_000, 0.4],
  ])('begin what Little says: %s', (_, slots, occupiedMs, perSecond) => {
    const begun = begunIn(slots, occupiedMs, 1_000).reduce((sum, room) => sum + room, 0)
    expect(Math.abs(begun - 1_000 * perSecond)).toBeLessThanOrEqual(slots + 1)
  })

  it('begin at once where they are idle, and make up for nothing', () => {
    const slots = new Slots()
    for (let interval = 0; interval < 100; interval++) slots.refill(4, 10_000, 1_000)
    expect(slots.refill(4, 10_000, 1_000)).toBe(4)
  })
})
