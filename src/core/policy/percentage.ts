import { describeValue } from '../schema/describe-problem.ts'
import type { Reader } from '../schema/reader.ts'
import { parsed } from '../schema/scalars.ts'

export interface PercentageOptions {
  /** Inclusive, in percent; defaults 0 and 100. */
  readonly min?: number
  readonly max?: number
  /** Where the bounds alone would say too little. */
  readonly expected?: string
}

/** Reads `0.5%` as 0.5. */
export function percentage(options: PercentageOptions = {}): Reader<number> {
  return reader(options, (digits) => Number(digits))
}

/** Reads `0.5%` as 0.005. The bounds are in percent all the same. */
export function fraction(options: PercentageOptions = {}): Reader<number> {
  // The exponent keeps what a division by 100 would round: 0.7% is the double nearest to 0.007.
  return reader(options, (digits) => Number(`${digits}e-2`))
}

export function formatPercentage(percent: number): string {
  return `${percent}%`
}

/** The percentage that `fraction` reads as exactly this number. */
export function formatFraction(value: number): string {
  // A percentage has at most ten significant digits, so fifteen restore it from the product's rounding error.
  return `${Number((value * 100).toPrecision(15))}%`
}

const pattern = /^\d{1,4}(?:\.\d{1,6})?%$/

function reader(options: PercentageOptions, convert: (digits: string) => number): Reader<number> {
  const { min = 0, max = 100, expected = `a percentage from ${min} to ${max}` } = options
  return parsed({
    expected,
    pattern,
    parse: (text) => {
      const digits = text.slice(0, -1)
      return Number(digits) >= min && Number(digits) <= max ? convert(digits) : undefined
    },
    describeFound: (value) => (typeof value === 'number' ? `${value} without a "%"` : describeValue(value)),
  })
}
