import { isObject, own } from '../schema/objects.ts'

/** Keys and indices from the root down. */
export type JsonPath = readonly (string | number)[]

/** `$`, then any of `.name`, `["any key"]` and `[0]`. */
export const jsonPathPattern =
  /^\$(?:\.[A-Za-z_][\w-]{0,99}|\[\d{1,6}\]|\["(?:[^"\\]|\\["\\/bfnrt]|\\u[\da-fA-F]{4}){1,100}"\]){0,32}$/

/** undefined where the text is no path of this kind. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!jsonPathPattern.test(text)) return undefined
  const steps = text.slice(1).matchAll(/\.([\w-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)
  try {
    return Array.from(steps, ([, name, index, quoted]) => {
      if (index !== undefined) return Number(index)
      return name ?? String(JSON.parse(quoted ?? '""'))
    })
  } catch {
    // A control character inside the quotes.
    return undefined
  }
}

/** What is there; undefined where the document does not go that far. Only own keys count. */
export function pickFrom(document: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof step === 'number') return Array.isArray(value) ? value[step] : undefined
    return isObject(value) ? own(value, step) : undefined
  }, document)
}
