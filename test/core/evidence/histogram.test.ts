import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addHistograms,
  bucketOf,
  durationOf,
  histogramSince,
  lastBucket,
  quantile,
} from '../../../src/core/evidence/histogram.ts'
import type { Histogram } from '../../../src/core/evidence/histogram.ts'

const durations = fc.array(fc.double({ min: 1, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 })

function histogramOf(values: readonly number[]): Histogram {
  return values.map((value): Histogram => ({ [bucketOf(value)]: 1 })).reduce(addHistograms, {})
}

describe('bucketOf', () => {
  it.each([
    [-5, 0],
    [0, 0],
    [1, 0],
    [1.04, 1],
    [1.06, 2],
    [100, 95],
    [1e12, lastBucket],
    [Infinity, lastBucket],
    [-Infinity, 0],
    [NaN, lastBucket],
  ])('puts %s ms into bucket %s', (ms, bucket) => {
    expect(bucketOf(ms)).toBe(bucket)
  })

  it('never puts a longer duration into a lower bucket', () => {
    const anyDuration = fc.double({ noNaN: true, min: 0, max: 1e10 })
    fc.assert(
      fc.property(anyDuration, anyDuration, (a, b) => {
        expect(bucketOf(Math.min(a, b))).toBeLessThanOrEqual(bucketOf(Math.max(a, b)))
      }),
    )
  })
})

describe('histograms', () => {
  it('merge by adding, and give back what was added', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const merged = addHistograms(histogramOf(a), histogramOf(b))
        expect(merged).toEqual(histogramOf([...a, ...b]))
        expect(histogramSince(merged, histogramOf(a))).toEqual(histogramOf(b))
      }),
    )
  })

  it('have no negative difference', () => {
    expect(histogramSince({ 1: 2, 3: 4 }, { 1: 5, 2: 1, 3: 1 })).toEqual({ 3: 3 })
  })
})

describe('quantile', () => {
  it('is undefined without values, also where a bucket counts none', () => {
    expect(quantile({}, 0.5)).toBeUndefined()
    expect(quantile({ 7: 0 }, 0.5)).toBeUndefined()
  })

  it('is within 2.6 % of the value at that rank', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99, 1), (values, q) => {
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.ceil(q * values.length - 1e-9) - 1] ?? NaN
        const found = quantile(histogramOf(values), q) ?? NaN
        expect(Math.abs(found / exact - 1)).toBeLessThan(0.026)
      }),
    )
  })

  it.each([
    [0.5, 10],
    [0.95, 95],
    [0.99, 99],
  ])('takes the rank %s of 100 as the value at place %s', (q) => {
    const buckets = Array.from({ length: 100 }, (_, index) => index)
    const histogram: Histogram = Object.fromEntries(buckets.map((bucket) => [bucket, 1]))
    expect(quantile(histogram, q)).toBe(durationOf(q * 100 - 1))
  })
})
