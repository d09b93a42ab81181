import { describeValue } from './describe-problem.ts'
import { isObject } from './objects.ts'
import { invalid } from './reader.ts'
import type { Invalid, Json, Path, Reader, Report } from './reader.ts'

/** Any JSON value at most `depth` (default 16) levels deep, copied; objects in it have no prototype. */
export function jsonValue(depth = 16): Reader<Json> {
  return {
    expected: 'a JSON value',
    schema: {},
    read: (value, path, report) => copy(value, depth, path, report),
  }
}

/** The same text for equal values: keys sorted, no white space. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const entries = Object.entries(value as { readonly [key: string]: Json }).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

function copy(value: unknown, depth: number, path: Path, report: Report): Json | Invalid {
  if (isJsonScalar(value)) return value === 0 ? 0 : value
  const list = Array.isArray(value)
  if (depth > 0 && list) return copyList(value, depth, path, report)
  if (depth > 0 && isObject(value)) return copyObject(value, depth, path, report)
  const expected = list || isObject(value) ? 'fewer levels of nesting' : 'a JSON value'
  report({ path, expected, found: describeValue(value) })
  return invalid
}

function isJsonScalar(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

function copyList(value: readonly unknown[], depth: number, path: Path, report: Report): Json | Invalid {
  const items = Array.from(value, (item, index) => copy(item, depth - 1, [...path, index], report))
  return items.every((item) => item !== invalid) ? items : invalid
}

function copyObject(value: object, depth: number, path: Path, report: Report): Json | Invalid {
  const result: Record<string, Json> = Object.create(null)
  let valid = true
  for (const [key, item] of Object.entries(value)) {
    const copied = copy(item, depth - 1, [...path, key], report)
    if (copied === invalid) valid = false
    else result[key] = copied
  }
  return valid ? result : invalid
}
