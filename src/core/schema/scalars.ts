import { alternatives, describeValue } from './describe-problem.ts'
import { invalid } from './reader.ts'
import type { JsonSchema, Reader } from './reader.ts'

export interface StringOptions {
  /** Characters; default 0 to unlimited. */
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
  /** Default `a string`. Needed beside `pattern`, so that the message says more than a regular expression would. */
  readonly expected?: string
}

export function string(options: StringOptions = {}): Reader<string> {
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern } = options
  const expected = options.expected ?? stringText(min, max)
  const schema: JsonSchema = {
    type: 'string',
    ...(min > 0 && { minLength: min }),
    ...(max < Number.POSITIVE_INFINITY && { maxLength: max }),
    ...(pattern && { pattern: pattern.source }),
  }
  const accepts = (value: string) => value.length >= min && value.length <= max && (pattern?.test(value) ?? true)
  return scalar(expected, schema, (value) => (typeof value === 'string' && accepts(value) ? value : invalid))
}

export interface ParsedOptions<T> {
  readonly expected: string
  /** Everything that `parse` accepts matches it; anchored. */
  readonly pattern: RegExp
  /** Returns undefined where the text matches but is still no value. */
  readonly parse: (text: string) => T | undefined
  /** How a wrong value is shown; for texts that may carry a secret. */
  readonly describeFound?: (value: unknown) => string
}

/** A string with a syntax of its own, such as a duration. */
export function parsed<T extends NonNullable<unknown>>(options: ParsedOptions<T>): Reader<T> {
  const { expected, pattern, parse, describeFound = describeValue } = options
  const read = (value: unknown) =>
    typeof value === 'string' && pattern.test(value) ? (parse(value) ?? invalid) : invalid
  return scalar(expected, { type: 'string', pattern: pattern.source }, read, describeFound)
}

export interface NumberOptions {
  /** Inclusive bounds; default none. */
  readonly min?: number
  readonly max?: number
}

/** A finite number. */
export function number(options: NumberOptions = {}): Reader<number> {
  return numeric('a number', 'number', options, Number.isFinite)
}

/** A whole number that is exact in a double. */
export function integer(options: NumberOptions = {}): Reader<number> {
  return numeric('a whole number', 'integer', options, Number.isSafeInteger)
}

export function boolean(): Reader<boolean> {
  return scalar('true or false', { type: 'boolean' }, (value) => (typeof value === 'boolean' ? value : invalid))
}

/** One of several words. */
export function oneOf<const V extends readonly string[]>(values: V): Reader<V[number]> {
  const read = (value: unknown) => values.find((known) => known === value) ?? invalid
  return scalar(alternatives(values), { enum: [...values] }, read)
}

/** Exactly this value; for format tags and discriminators. */
export function literal<const V extends string | number | boolean>(value: V): Reader<V> {
  return scalar(JSON.stringify(value), { const: value }, (found) => (found === value ? value : invalid))
}

function numeric(
  noun: string,
  type: string,
  options: NumberOptions,
  accepts: (value: number) => boolean,
): Reader<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = options
  const schema: JsonSchema = {
    type,
    ...(Number.isFinite(min) && { minimum: min }),
    ...(Number.isFinite(max) && { maximum: max }),
  }
  return scalar(`${noun}${rangeText(min, max)}`, schema, (value) => {
    if (typeof value !== 'number' || !accepts(value) || value < min || value > max) return invalid
    return value === 0 ? 0 : value
  })
}

function scalar<T>(
  expected: string,
  schema: JsonSchema,
  accept: (value: unknown) => T | typeof invalid,
  describeFound: (value: unknown) => string = describeValue,
): Reader<T> {
  return {
    expected,
    schema,
    read: (value, path, report) => {
      const result = accept(value)
      if (result === invalid) report({ path, expected, found: describeFound(value) })
      return result
    },
  }
}

function rangeText(min: number, max: number): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return ` from ${min} to ${max}`
  if (Number.isFinite(min)) return ` of at least ${min}`
  return Number.isFinite(max) ? ` of at most ${max}` : ''
}

function stringText(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? 'a string' : `a string of at least ${min} characters`
  return `a string of ${min} to ${max} characters`
}
