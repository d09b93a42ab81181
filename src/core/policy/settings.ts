import { describe, map, refine } from '../schema/combine.ts'
import { alternatives } from '../schema/describe-problem.ts'
import { jsonValue } from '../schema/json-value.ts'
import { dictionary, object, optional } from '../schema/objects.ts'
import type { Json, Reader } from '../schema/reader.ts'

export interface Settings {
  readonly kind: string
  readonly settings: Readonly<Record<string, Json>>
}

/** Reads `{ postgres: { … } }`: one of the kinds, with settings that only its adapter understands. */
export function settingsReader(kinds: readonly string[]): Reader<Settings> {
  const settings = (kind: string) => describe(`Settings of the ${kind} adapter.`, optional(dictionary(jsonValue(8))))
  const fields = object(Object.fromEntries(kinds.map((kind) => [kind, settings(kind)])))
  return map(exactlyOne(fields, kinds), (value) => {
    const kind = kinds.find((name) => value[name] !== undefined) ?? ''
    return { kind, settings: value[kind] ?? {} }
  })
}

/** Of the kinds that are keys of the object, one and no other is there. */
export function exactlyOne<T extends Readonly<Record<string, unknown>>>(
  fields: Reader<T>,
  kinds: readonly string[],
): Reader<T> {
  const one = refine(fields, (value, complain) => {
    const present = kinds.filter((kind) => value[kind] !== undefined)
    if (present.length !== 1)
      complain([], `one of ${alternatives(kinds)}`, present.length === 0 ? 'none' : present.join(' and '))
  })
  return { ...one, schema: { ...one.schema, minProperties: 1, maxProperties: 1 } }
}
