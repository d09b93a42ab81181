import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addWindows,
  countAbove,
  countIn,
  noDurations,
  totalOf,
  trimmed,
  windowOf,
} from '../../../src/core/evidence/duration-window.ts'
import { addHistograms, lastBucket } from '../../../src/core/evidence/histogram.ts'
import type { Histogram } from '../../../src/core/evidence/histogram.ts'

const histograms: fc.Arbitrary<Histogram> = fc.dictionary(fc.nat(lastBucket).map(String), fc.nat(9), {
  maxKeys: 12,
}) as fc.Arbitrary<Histogram>

const sumOf = (histogram: Histogram, after = -1) =>
  Object.entries(histogram).reduce((sum, [bucket, count]) => sum + (Number(bucket) > after ? count : 0), 0)

describe('a window', () => {
  it('holds what the histogram holds', () => {
    fc.assert(
      fc.property(histograms, fc.nat(lastBucket), (histogram, bucket) => {
        const window = windowOf(histogram)
        expect(countIn(window, bucket)).toBe(histogram[bucket] ?? 0)
        expect(totalOf(window)).toBe(sumOf(histogram))
        expect(countAbove(window, bucket)).toBe(sumOf(histogram, bucket))
        expect([window.counts.at(0), window.counts.at(-1)]).not.toContain(0)
      }),
    )
  })

  it('adds as histograms add', () => {
    fc.assert(
      fc.property(histograms, histograms, (a, b) => {
        expect(addWindows(windowOf(a), windowOf(b))).toEqual(windowOf(addHistograms(a, b)))
      }),
    )
  })

  it.each([
    [0, { first: 3, counts: [1, 0, 5, 1, 1] }],
    [1, { first: 5, counts: [5, 1] }],
    [2, { first: 5, counts: [5] }],
    [8, noDurations],
  ])('loses the ends that hold no more than %s together', (least, expected) => {
    expect(trimmed({ first: 2, counts: [0, 1, 0, 5, 1, 1] }, least)).toEqual(expected)
    expect(trimmed(noDurations, least)).toEqual(noDurations)
  })
})
