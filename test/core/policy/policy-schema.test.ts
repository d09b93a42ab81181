import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { policyJsonSchema } from '../../../src/core/policy/policy-json-schema.ts'
import { policyReference } from '../../../src/core/policy/policy-reference.ts'
import { showPolicy } from '../../../src/core/policy/show-policy.ts'
import { isObject } from '../../../src/core/schema/objects.ts'
import { readPolicyText } from '../../../src/policy-file.ts'
import { examplePolicy } from './example-policy.ts'

const schema = policyJsonSchema()

/** Every schema of a key, with its path. */
function keysOf(node: unknown, path: string): readonly (readonly [string, Readonly<Record<string, unknown>>])[] {
  if (Array.isArray(node)) return node.flatMap((item) => keysOf(item, path))
  if (!isObject(node)) return []
  const properties = isObject(node['properties']) ? Object.entries(node['properties']) : []
  const own = properties.flatMap(([key, value]) => (isObject(value) ? [[`${path}.${key}`, value] as const] : []))
  const deeper = properties.flatMap(([key, value]) => keysOf(value, `${path}.${key}`))
  return [...own, ...deeper, ...keysOf(node['items'], `${path}[]`), ...keysOf(node['anyOf'], path)]
}

/** Paths as the reference writes them; settings of an adapter are not ours to describe. */
function pathsIn(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsIn(item, `${path}[]`))
  if (!isObject(value) || /(?:prometheus|elasticsearch)$/.test(path)) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const at = path === '' ? key : `${path}.${key}`
    return [at, ...pathsIn(item, at)]
  })
}

describe('policy.schema.json', () => {
  it('is what the readers describe (run: queue-canary policy schema > policy.schema.json)', () => {
    const file = readFileSync(new URL('../../../policy.schema.json', import.meta.url), 'utf8')
    expect(JSON.parse(file)).toStrictEqual(JSON.parse(JSON.stringify(schema)))
  })

  it('describes every key', () => {
    const keys = keysOf(schema, '')
    expect(keys.length).toBeGreaterThan(80)
    expect(keys.filter(([, value]) => typeof value['description'] !== 'string')).toStrictEqual([])
  })

  it('has anchored patterns, closed objects and defaults that fit', () => {
    const texts = keysOf(schema, '').filter(([, value]) => typeof value['pattern'] === 'string')
    expect(texts.length).toBeGreaterThan(30)
    const wrong = texts.filter(([, { pattern, default: fallback }]) => {
      const anchored = typeof pattern === 'string' && /^\^.*\$$/.test(pattern)
      return !anchored || (typeof fallback === 'string' && !new RegExp(pattern, 'u').test(fallback))
    })
    expect(wrong).toStrictEqual([])
    const open = keysOf(schema, '').filter(
      ([, { properties, additionalProperties }]) => properties !== undefined && additionalProperties !== false,
    )
    expect(open).toStrictEqual([])
  })
})

describe('policyReference', () => {
  const rows = policyReference()
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.split(' | '))

  it('has values, default and meaning in every row', () => {
    expect(
      rows.filter((row) => row.length !== 4 || row.some((cell) => cell.replaceAll(/[|\s]/g, '') === '')),
    ).toStrictEqual([])
  })

  it('has a row for every key that a policy can have', () => {
    const read = readPolicyText(examplePolicy)
    const keys = read.ok ? pathsIn(showPolicy(read.policy), '') : []
    const known = rows.map(([key = '']) => key.replaceAll(/[|` ]/g, ''))
    expect(keys.length).toBeGreaterThan(60)
    expect(keys.filter((key) => !known.includes(key))).toStrictEqual([])
  })

  it.each([
    '| `steps[].weight` | a percentage above 0 and up to 100 | required | Share of the messages that the canary gets. |',
    '| `limits.maxFailedMessages` | a whole number from 1 to 1000000 | 25 | Most messages whose first outcome on the canary is not success, over the whole rollout. |',
    '| `steps[].duration` | a duration from 0s to 365d (units ms, s, m, h, d) | interval | How long the step lasts at least. |',
  ])('says %s', (row) => {
    expect(policyReference()).toContain(row)
  })
})
