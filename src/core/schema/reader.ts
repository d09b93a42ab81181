/**
 * A reader turns an unknown value into a `T` or reports every reason why it cannot. It also describes itself, as text for messages and
 * as JSON Schema (draft 2020-12), so that what is checked, what editors know and what the reference page says come from one place.
 */
export interface Reader<T> {
  /** What it accepts, as it stands after "expected": `a percentage from 0 to 100`. */
  readonly expected: string
  readonly schema: JsonSchema
  /** Returns `invalid` exactly when it reported at least one problem. Never throws, whatever the value. */
  read(value: unknown, path: Path, report: Report): T | Invalid
  /** What an absent key of an object stands for. A reader without it makes the key required. */
  readonly absent?: Absent<T>
  /** The readers inside it, for documentation. */
  readonly parts?: readonly Part[]
}

/** `text` documents the value: as it would stand in the document, or in words. */
export interface Absent<T> {
  readonly value: T
  readonly text?: string
}

export type Infer<R> = R extends Reader<infer T> ? T : never

/** A reader inside another one. `suffix` continues a path: `.weight`, `[]`, or nothing for an alternative form of the same value. */
export interface Part {
  readonly suffix: string
  readonly reader: Reader<unknown>
}

export interface Problem {
  readonly path: Path
  readonly expected: string
  /** Shortened, printable, and without secrets. */
  readonly found: string
  /** Set where the key itself is wrong rather than its value. */
  readonly at?: 'key'
}

export type Path = readonly (string | number)[]
export type Report = (problem: Problem) => void

export const invalid: unique symbol = Symbol('invalid')
export type Invalid = typeof invalid

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonSchema = { readonly [key: string]: Json }

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** A path for nobody: where it begins, none is built. Nearly all documents have no problem to tell the place of. */
const untold: Path = []

/** The path of a part. */
export function extend(path: Path, key: string | number): Path {
  return path === untold ? untold : [...path, key]
}

/** Reads a whole document. */
export function parseWith<T>(reader: Reader<T>, value: unknown): Parsed<T> {
  const quick = reader.read(value, untold, ignore)
  if (quick !== invalid) return { ok: true, value: quick }
  const problems: Problem[] = []
  const result = reader.read(value, [], (problem) => problems.push(problem))
  return result === invalid ? { ok: false, problems } : { ok: true, value: result }
}

/** The value, or undefined where the reader does not accept it; for checks that look at a part of a document that may be broken elsewhere. */
export function peek<T>(reader: Reader<T>, value: unknown): T | undefined {
  const result = reader.read(value, untold, ignore)
  return result === invalid ? undefined : result
}

function ignore(): void {}
