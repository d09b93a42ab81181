import { describe, expect, it } from 'vitest'
import { totalOf, windowOf } from '../../../src/core/evidence/duration-window.ts'
import { bucketOf, bucketsWithin } from '../../../src/core/evidence/histogram.ts'
import type { Histogram } from '../../../src/core/evidence/histogram.ts'
import { latencyEvidence, observeLatency, openLatencyTest } from '../../../src/core/evidence/latency-test.ts'
import type { LatencyTest, LookDurations } from '../../../src/core/evidence/latency-test.ts'
import { seededRandom } from '../../support/seeded-random.ts'

/** Durations of 20 to 180 ms, evenly, `slower` times as long on the canary. */
function looksOf(count: number, slower: number, seed = 5): readonly LookDurations[] {
  const random = seededRandom(seed)
  const draw = (messages: number, factor: number) => {
    const histogram: Record<number, number> = {}
    for (let message = 0; message < messages; message++) {
      const bucket = bucketOf(factor * random.whole(20, 180))
      histogram[bucket] = (histogram[bucket] ?? 0) + 1
    }
    return windowOf(histogram)
  }
  return Array.from({ length: count }, () => ({ canary: draw(5, slower), stable: draw(95, 1) }))
}

function after(looks: readonly LookDurations[], shift: number, start = openLatencyTest()): LatencyTest {
  return looks.reduce((test, look) => observeLatency(test, look, shift, 1_000), start)
}

describe('the latency test', () => {
  it.each([
    [1, 0],
    [1.04, 1],
    [1.05, 1],
    [1.25, 5],
    [1.276, 5],
    [2, 15],
  ])('rounds a tolerance of x%s up to %s buckets', (ratio, buckets) => {
    expect(bucketsWithin(ratio)).toBe(buckets)
  })

  it('begins at 1, and learns nothing before it knows the stable version', () => {
    expect(latencyEvidence(openLatencyTest())).toBeCloseTo(1, 15)
    expect(latencyEvidence(after(looksOf(1, 5), 0))).toBeCloseTo(1, 15)
    const known = openLatencyTest(looksOf(1, 1, 8)[0]?.stable)
    expect(latencyEvidence(after(looksOf(1, 5), 0, known))).toBeGreaterThan(10)
  })

  it('finds a canary that takes twice as long within a few dozen messages', () => {
    expect(latencyEvidence(after(looksOf(10, 2), 0))).toBeGreaterThan(100)
  })

  it('lets pass what is within the tolerance', () => {
    const shift = bucketsWithin(1.25)
    expect(latencyEvidence(after(looksOf(200, 1.25), shift))).toBeLessThan(1)
    expect(latencyEvidence(after(looksOf(200, 1.25), 0))).toBeGreaterThan(100)
  })

  it('is not moved by a slow-down of both', () => {
    const slow = looksOf(60, 1).map(({ canary, stable }) => ({
      canary: { ...canary, first: canary.first + 30 },
      stable: { ...stable, first: stable.first + 30 },
    }))
    expect(latencyEvidence(after([...looksOf(60, 1), ...slow], 0))).toBeLessThan(10)
  })

  it('shows no evidence without durations of one of the two', () => {
    const start = after(looksOf(10, 1), 0)
    const [look] = looksOf(1, 5)
    const none = windowOf({})
    const before = latencyEvidence(start)
    const stable = look?.stable ?? none
    expect(latencyEvidence(after([{ canary: none, stable }], 0, start))).toBe(before)
    const alone = latencyEvidence(after([{ canary: look?.canary ?? none, stable: none }], 0, start))
    expect(Math.abs(alone - before)).toBeLessThan(1e-12)
  })

  it('remembers a bounded number of columns, whatever the durations', () => {
    const all: Histogram = Object.fromEntries(Array.from({ length: 401 }, (_, bucket) => [bucket, 1]))
    const wide = after(
      Array.from({ length: 50 }, () => ({ canary: windowOf({}), stable: windowOf(all) })),
      0,
    )
    expect(wide.columns.counts.length).toBeLessThanOrEqual(201)
    expect(totalOf(wide.columns)).toBeGreaterThan(50 * 400 * 0.9)
    expect(after(looksOf(100, 1), 0).columns.counts.length).toBeLessThan(30)
  })
})
