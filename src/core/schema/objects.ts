import { describeValue } from './describe-problem.ts'
import { extend, invalid } from './reader.ts'
import type { Invalid, Infer, Json, JsonSchema, Path, Reader, Report } from './reader.ts'

export type Fields = Readonly<Record<string, Reader<unknown>>>
/** Every key is present in the result; one that was absent has the value that its reader's `absent` says. */
export type ObjectOf<F extends Fields> = { readonly [K in keyof F]: Infer<F[K]> }

export interface ObjectOptions {
  /** `reject` (default): a problem that lists the known keys. `drop`: left out of the result, for records written by a newer release. */
  readonly unknownKeys?: 'reject' | 'drop'
}

/** Only own keys count, so `__proto__` and `constructor` are keys like any other. */
export function object<F extends Fields>(fields: F, options: ObjectOptions = {}): Reader<ObjectOf<F>> {
  const { unknownKeys = 'reject' } = options
  const entries = Object.entries(fields)
  return {
    expected: 'an object',
    schema: objectSchema(entries, unknownKeys),
    parts: entries.map(([key, reader]) => ({ suffix: `.${key}`, reader })),
    read: (value, path, report) => {
      if (!isObject(value)) return refuse('an object', value, path, report)
      const known = unknownKeys === 'drop' || knowsKeys(value, fields, path, report)
      const result: Record<string, unknown> = {}
      let valid = known
      for (const [key, reader] of entries) {
        const read = readField(value, key, reader, { path, report })
        if (read === invalid) valid = false
        else result[key] = read
      }
      return valid ? (result as ObjectOf<F>) : invalid
    },
  }
}

/** An object that ignores keys it does not know: for our own records, which another release may have written. */
export function tolerantObject<F extends Fields>(fields: F): Reader<ObjectOf<F>> {
  return object(fields, { unknownKeys: 'drop' })
}

/** Fields of the same kind for a list of names: `object(fieldsFor(countNames, integer()))`. */
export function fieldsFor<const Name extends string, T>(
  names: readonly Name[],
  reader: Reader<T>,
): Readonly<Record<Name, Reader<T>>> {
  return Object.fromEntries(names.map((name) => [name, reader])) as Record<Name, Reader<T>>
}

/** An object with keys of the user's choice. The result has no prototype, so looking up any key is safe. */
export function dictionary<T>(values: Reader<T>, keys?: Reader<string>): Reader<Readonly<Record<string, T>>> {
  return {
    expected: 'an object',
    schema: { type: 'object', additionalProperties: values.schema, ...(keys && { propertyNames: keys.schema }) },
    parts: [{ suffix: '.*', reader: values }],
    read: (value, path, report) => {
      if (!isObject(value)) return refuse('an object', value, path, report)
      const result: Record<string, T> = Object.create(null)
      let valid = true
      for (const [key, item] of Object.entries(value)) {
        const at = extend(path, key)
        const named = keys?.read(key, at, (problem) => report({ ...problem, at: 'key' })) ?? key
        const read = values.read(item, at, report)
        if (named === invalid || read === invalid) valid = false
        else result[key] = read
      }
      return valid ? result : invalid
    },
  }
}

export interface ListOptions {
  /** Items; default 0 to unlimited. */
  readonly min?: number
  readonly max?: number
}

export function list<T>(items: Reader<T>, options: ListOptions = {}): Reader<readonly T[]> {
  const { min = 0, max = Number.POSITIVE_INFINITY } = options
  const expected = listText(min, max)
  return {
    expected,
    schema: {
      type: 'array',
      items: items.schema,
      ...(min > 0 && { minItems: min }),
      ...(max < Number.POSITIVE_INFINITY && { maxItems: max }),
    },
    parts: [{ suffix: '[]', reader: items }],
    read: (value, path, report) => {
      if (!Array.isArray(value)) return refuse(expected, value, path, report)
      if (value.length < min || value.length > max) {
        report({ path, expected, found: `a list of ${value.length}` })
        return invalid
      }
      const results = Array.from(value, (item, index) => items.read(item, extend(path, index), report))
      return results.every(isValid) ? results : invalid
    },
  }
}

/** An absent key reads as `undefined`. `text` documents what that stands for. */
export function optional<T>(reader: Reader<T>, text?: string): Reader<T | undefined> {
  return { ...reader, absent: { value: undefined, ...(text !== undefined && { text }) } }
}

/** An absent key reads as `fallback`, which is given as it would stand in the document. Throws where the reader does not accept it. */
export function withDefault<T>(reader: Reader<T>, fallback: Json): Reader<T> {
  const value = reader.read(fallback, [], ignore)
  if (value === invalid) throw new TypeError(`the default ${JSON.stringify(fallback)} is not ${reader.expected}`)
  const text = typeof fallback === 'string' ? fallback : JSON.stringify(fallback)
  return { ...reader, schema: { ...reader.schema, default: fallback }, absent: { value, text } }
}

/** True for what JSON and YAML call an object: no list, no null, no Date, Map and the like. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** The value of an own key; undefined where there is none. */
export function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function readField(
  value: Readonly<Record<string, unknown>>,
  key: string,
  reader: Reader<unknown>,
  at: { readonly path: Path; readonly report: Report },
): unknown {
  const found = own(value, key)
  if (found === undefined && reader.absent !== undefined) return reader.absent.value
  return reader.read(found, extend(at.path, key), at.report)
}

function knowsKeys(value: Readonly<Record<string, unknown>>, fields: Fields, path: Path, report: Report): boolean {
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(fields, key))
  const expected = `one of the keys ${Object.keys(fields).join(', ')}`
  for (const key of unknown) report({ path: [...path, key], expected, found: describeValue(key), at: 'key' })
  return unknown.length === 0
}

function refuse(expected: string, value: unknown, path: Path, report: Report): Invalid {
  report({ path, expected, found: describeValue(value) })
  return invalid
}

function objectSchema(
  entries: readonly (readonly [string, Reader<unknown>])[],
  unknownKeys: 'reject' | 'drop',
): JsonSchema {
  const required = entries.filter(([, reader]) => reader.absent === undefined).map(([key]) => key)
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([key, reader]) => [key, reader.schema])),
    ...(required.length > 0 && { required }),
    ...(unknownKeys === 'reject' && { additionalProperties: false }),
  }
}

function listText(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? 'a list' : `a list of at least ${min} items`
  return min === 0 ? `a list of at most ${max} items` : `a list of ${min} to ${max} items`
}

function isValid<T>(result: T | Invalid): result is T {
  return result !== invalid
}

function ignore(): void {}
