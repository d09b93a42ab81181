import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Entry, Store, Versioned } from '../../../src/contracts/store.ts'
import type { StoreCase } from './store-case.ts'
import { create } from './store-case.ts'

/** Keys that have broken patterns, quoting, encodings and object keys. */
const oddKeys = [
  'a',
  'A',
  'a b',
  'a%',
  'a%b',
  'a_',
  'axb',
  'a*',
  'a?',
  'a[b]',
  'a.b',
  'a.>',
  'a:b',
  'a/b',
  'a\\b',
  "a'b",
  'a"b',
  "a'; DROP TABLE documents; --",
  'ä',
  'ä/漢字',
  'a\u{1f426}b',
  'a\uffffb',
  'a\nb',
  'a\tb',
  '__proto__',
  'constructor',
  '%',
  '_',
  `long/${'k'.repeat(200)}`,
]

const oddValues = [
  '',
  ' ',
  '{}',
  '{"a":"ü\u{1f426}"}',
  "it's",
  '"',
  '\n',
  '%s',
  'null',
  'a\u0000b',
  'x'.repeat(1_048_576),
  'ü'.repeat(300_000),
]

export const documentCases: readonly StoreCase[] = [
  {
    name: 'get: undefined where there is nothing, else the value and the revision that put gave',
    async run(connect) {
      const [store, other] = [await connect(), await connect()]
      expect(await store.get('k')).toBeUndefined()
      const revision = await create(store, 'k', 'one')
      expect(await other.get('k')).toEqual({ value: 'one', revision })
      expect(await other.get('K')).toBeUndefined()
    },
  },
  {
    name: 'put: creates only where there is nothing',
    async run(connect) {
      const [store, other] = [await connect(), await connect()]
      const revision = await create(store, 'k', 'one')
      expect(await other.put('k', 'two', undefined)).toBeUndefined()
      expect(await store.get('k')).toEqual({ value: 'one', revision })
    },
  },
  {
    name: 'put: replaces only the expected revision',
    async run(connect) {
      const [store, other] = [await connect(), await connect()]
      const first = await create(store, 'k', 'one')
      const second = await other.put('k', 'two', first)
      expect(second).toEqual(expect.any(String))
      expect(second).not.toBe(first)
      expect(await store.put('k', 'three', first)).toBeUndefined()
      expect(await store.get('k')).toEqual({ value: 'two', revision: second })
    },
  },
  {
    name: 'put: a revision of another key, an invented one and one of a deleted document match nothing',
    async run(connect) {
      const store = await connect()
      const revision = await create(store, 'k', 'one')
      const foreign = await create(store, 'other', 'one')
      for (const wrong of [foreign, '', '0', '-1', 'null', `${revision} `, `${revision}0`, "' OR 1=1 --"]) {
        expect([wrong, await store.put('k', 'two', wrong)]).toEqual([wrong, undefined])
      }
      expect(await store.get('k')).toEqual({ value: 'one', revision })
      await store.delete('k')
      expect(await store.put('k', 'two', revision)).toBeUndefined()
      expect(await store.put('never', 'two', revision)).toBeUndefined()
      expect(await store.list('')).toEqual([{ key: 'other', value: 'one', revision: foreign }])
    },
  },
  {
    name: 'delete: removes one document, and nothing is an answer too',
    async run(connect) {
      const [store, other] = [await connect(), await connect()]
      await create(store, 'k', 'one')
      await create(store, 'k2', 'two')
      await other.delete('k')
      await other.delete('k')
      await other.delete('never')
      expect(await store.get('k')).toBeUndefined()
      expect((await store.list('')).map(({ key }) => key)).toEqual(['k2'])
    },
  },
  {
    name: 'revision: never comes back, whatever is written, deleted and created',
    async run(connect) {
      const store = await connect()
      const revisions: string[] = []
      for (let round = 0; round < 30; round++) {
        const created = await create(store, 'k', 'same')
        const replaced = await store.put('k', 'same', created)
        revisions.push(created, replaced ?? 'conflict')
        await store.delete('k')
      }
      expect(new Set(revisions).size).toBe(60)
      const last = await create(store, 'k', 'same')
      for (const old of revisions) expect(await store.put('k', 'stolen', old)).toBeUndefined()
      expect(await store.get('k')).toEqual({ value: 'same', revision: last })
    },
  },
  {
    name: 'list: what get gives, in order of key, exactly the keys that start with the prefix',
    async run(connect) {
      const store = await connect()
      for (const key of oddKeys) await create(store, key, `value of ${key}`)
      const prefixes = [
        '',
        'a',
        'A',
        'a%',
        'a_',
        'a*',
        'a[',
        'a.',
        "a'",
        'a\\',
        'a ',
        'ä',
        'ä/',
        'a\u{1f426}',
        '%',
        '_',
        '__',
        'long/',
        'b',
        'aa',
      ]
      for (const prefix of prefixes) {
        const listed = await store.list(prefix)
        expect([prefix, listed.map(({ key }) => key)]).toEqual([
          prefix,
          oddKeys.filter((key) => key.startsWith(prefix)).toSorted(),
        ])
      }
      for (const { key, value, revision } of await store.list('a'))
        expect(await store.get(key)).toEqual({ value, revision })
    },
  },
  {
    name: 'list: of known revisions the value is left out, where the store can do that',
    async run(connect) {
      const [store, other] = [await connect(), await connect()]
      const known = [await create(store, 'a/1', 'one'), await create(store, 'a/2', ''), await create(store, 'b', 'b')]
      const news = async (revisions: readonly string[]) =>
        (await (store.listNews?.('a/', new Set(revisions)) ?? store.list('a/'))).map(({ key, revision, value }) => [
          key,
          revision,
          store.listNews === undefined && revisions.includes(revision) ? undefined : value,
        ])
      expect(await news([])).toEqual([
        ['a/1', known[0], 'one'],
        ['a/2', known[1], ''],
      ])
      expect(await news([...known, 'never'])).toEqual([
        ['a/1', known[0], undefined],
        ['a/2', known[1], undefined],
      ])
      const replaced = await other.put('a/1', 'two', known[0])
      await other.delete('a/2')
      const created = await create(other, 'a/3', 'three')
      expect(await news(known)).toEqual([
        ['a/1', replaced, 'two'],
        ['a/3', created, 'three'],
      ])
    },
  },
  {
    name: 'keys and values: odd ones come back as they were',
    async run(connect) {
      const [store, other] = [await connect(), await connect()]
      for (const key of oddKeys) {
        const revision = await create(store, key, key)
        expect(await other.get(key)).toEqual({ value: key, revision })
      }
      for (const [index, value] of oddValues.entries()) {
        const key = `value/${index}`
        const first = await create(store, key, value)
        expect((await other.get(key))?.value === value).toBe(true)
        expect(await other.put(key, `${value}!`, first)).toEqual(expect.any(String))
        expect((await store.get(key))?.value === `${value}!`).toBe(true)
      }
      expect((await store.list('value/')).length).toBe(oddValues.length)
    },
  },
  {
    name: 'any sequence of calls: as a map with revisions would answer',
    async run(connect) {
      const store = await connect()
      const script = fc.array(
        fc.tuple(fc.constantFrom('create', 'replace', 'stale', 'delete'), fc.constantFrom('a', 'ab', 'b%', 'b')),
      )
      await fc.assert(
        fc.asyncProperty(script, async (calls) => {
          for (const { key } of await store.list('')) await store.delete(key)
          expect(await replay(store, calls)).toEqual([])
        }),
        { numRuns: 40, endOnFailure: true },
      )
    },
  },
]

type Call = readonly ['create' | 'replace' | 'stale' | 'delete', string]

/** Plays the calls on the store and on a map; returns where they differ. */
async function replay(store: Store, calls: readonly Call[]): Promise<unknown[]> {
  const model = new Map<string, { value: string; revision: string }>()
  const differences: unknown[] = []
  let stale = 'none'
  for (const [step, [call, key]] of calls.entries()) {
    const known = model.get(key)
    if (call === 'delete') {
      await store.delete(key)
      model.delete(key)
    } else {
      const revision = await store.put(key, `${step}`, expectedBy(call, known, stale))
      if ((revision !== undefined) !== (known?.revision === expectedBy(call, known, stale)))
        differences.push([step, call, key, revision])
      if (revision !== undefined) model.set(key, { value: `${step}`, revision })
    }
    stale = known?.revision ?? stale
    const [listed, wanted] = [await store.list(key), listOf(model, key)]
    if (!isDeepStrictEqual(listed, wanted)) differences.push([step, call, key, listed])
  }
  return differences
}

function expectedBy(call: Call[0], known: Versioned | undefined, stale: string): string | undefined {
  if (call === 'create') return undefined
  return call === 'replace' ? (known?.revision ?? 'none') : stale
}

function listOf(model: ReadonlyMap<string, Versioned>, prefix: string): Entry[] {
  const entries = [...model].map(([key, document]) => ({ key, ...document }))
  return entries.filter(({ key }) => key.startsWith(prefix)).toSorted((a, b) => (a.key < b.key ? -1 : 1))
}
