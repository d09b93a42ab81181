import { alternatives, describeValue } from './describe-problem.ts'
import { isObject, object, own } from './objects.ts'
import type { Fields, ObjectOf, ObjectOptions } from './objects.ts'
import { invalid } from './reader.ts'
import type { Json, JsonSchema, Part, Path, Reader, Report } from './reader.ts'
import { literal } from './scalars.ts'

type Variants = Readonly<Record<string, Fields>>
/** `union('kind', { none: {}, drain: { timeoutMs: number() } })` reads `{ kind: 'none' } | { kind: 'drain'; timeoutMs: number }`. */
export type UnionOf<Key extends string, V extends Variants> = {
  [Tag in keyof V & string]: { readonly [K in Key]: Tag } & ObjectOf<V[Tag]>
}[keyof V & string]

/** Objects told apart by the value of one key. The fields of each variant are given without that key. */
export function union<const Key extends string, const V extends Variants>(
  key: Key,
  variants: V,
  options: ObjectOptions = {},
): Reader<UnionOf<Key, V>> {
  const readers = Object.fromEntries(
    Object.entries(variants).map(([tag, fields]) => [tag, object({ [key]: literal(tag), ...fields }, options)]),
  )
  return select({
    variants: readers,
    pick: (value) => own(value, key),
    otherwise: { key, expected: alternatives(Object.keys(variants)) },
  }) as Reader<UnionOf<Key, V>>
}

export interface SelectOptions<T> {
  readonly variants: Readonly<Record<string, Reader<T>>>
  /** Chooses among the variants by what the object looks like. Anything but the name of a variant is a problem. */
  readonly pick: (value: Readonly<Record<string, unknown>>) => unknown
  /** What to report then, and under which key of the object (none: of the object itself). */
  readonly otherwise: { readonly key?: string; readonly expected: string }
}

/** Objects of several forms, told apart by any of their keys. */
export function select<T>(options: SelectOptions<T>): Reader<T> {
  const { variants, pick, otherwise } = options
  const readers = Object.values(variants)
  return {
    expected: 'an object',
    schema: { anyOf: readers.map((reader) => reader.schema) },
    parts: readers.map((reader): Part => ({ suffix: '', reader })),
    read: (value, path, report) => {
      if (!isObject(value)) {
        report({ path, expected: 'an object', found: describeValue(value) })
        return invalid
      }
      const picked = pick(value)
      const reader = typeof picked === 'string' && Object.hasOwn(variants, picked) ? variants[picked] : undefined
      if (reader !== undefined) return reader.read(value, path, report)
      const { key, expected } = otherwise
      const found = describeValue(key === undefined ? value : own(value, key))
      report({ path: key === undefined ? path : [...path, key], expected, found })
      return invalid
    },
  }
}

/** Accepts `null` too. */
export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return {
    ...withoutAbsent(reader),
    expected: `${reader.expected} or null`,
    schema: { anyOf: [reader.schema, { type: 'null' }] },
    read: (value, path, report) => (value === null ? null : reader.read(value, path, report)),
  }
}

/** Turns what was read into something else. `change` must accept everything that the reader returns. */
export function map<T, U>(reader: Reader<T>, change: (value: T) => U): Reader<U> {
  return {
    ...withoutAbsent(reader),
    read: (value, path, report) => {
      const result = reader.read(value, path, report)
      return result === invalid ? invalid : change(result)
    },
    ...(reader.absent !== undefined && { absent: { ...reader.absent, value: change(reader.absent.value) } }),
  }
}

/** `at` continues the path of the value that is checked. */
export type Complain = (at: Path, expected: string, found: string) => void

/** Adds a rule about a value that is right in its parts; `unread` is the value as it came. */
export function refine<T>(
  reader: Reader<T>,
  check: (value: T, complain: Complain, unread: unknown) => void,
): Reader<T> {
  return {
    ...reader,
    read: (value, path, report) => {
      const result = reader.read(value, path, report)
      if (result === invalid) return invalid
      return complaints(path, report, (complain) => check(result, complain, value)) ? invalid : result
    },
  }
}

/** Adds a rule about the unread value, so that it speaks even when another part of the value is broken. */
export function inspect<T>(reader: Reader<T>, check: (unread: unknown, complain: Complain) => void): Reader<T> {
  return {
    ...reader,
    read: (value, path, report) => {
      const result = reader.read(value, path, report)
      return complaints(path, report, (complain) => check(value, complain)) ? invalid : result
    },
  }
}

/** Says what a value means, for editors and the reference page. */
export function describe<T>(
  meaning: string,
  reader: Reader<T>,
  more: { readonly [key: string]: Json } = {},
): Reader<T> {
  const schema: JsonSchema = { ...reader.schema, description: meaning, ...more }
  return { ...reader, schema }
}

function withoutAbsent<T>(reader: Reader<T>): Omit<Reader<T>, 'absent'> {
  const { absent: _, ...rest } = reader
  return rest
}

/** Reports what a check complains of; true where there was something. */
function complaints(path: Path, report: Report, check: (complain: Complain) => void): boolean {
  let any = false
  check((at, expected, found) => {
    any = true
    report({ path: [...path, ...at], expected, found })
  })
  return any
}
