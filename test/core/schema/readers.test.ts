import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { map, nullable, refine, select, union } from '../../../src/core/schema/combine.ts'
import { describeProblem } from '../../../src/core/schema/describe-problem.ts'
import { canonicalJson, jsonValue } from '../../../src/core/schema/json-value.ts'
import {
  dictionary,
  fieldsFor,
  list,
  object,
  optional,
  tolerantObject,
  withDefault,
} from '../../../src/core/schema/objects.ts'
import { parseWith, peek } from '../../../src/core/schema/reader.ts'
import type { Infer, Reader } from '../../../src/core/schema/reader.ts'
import { boolean, integer, literal, number, oneOf, parsed, string } from '../../../src/core/schema/scalars.ts'

function linesOf(reader: Reader<unknown>, value: unknown): readonly string[] {
  const result = parseWith(reader, value)
  return result.ok ? [] : result.problems.map((problem) => describeProblem(problem, 'value'))
}

const hex = parsed({ expected: 'a byte in hex', pattern: /^[\da-f]{2}$/, parse: (text) => Number.parseInt(text, 16) })

describe('scalars', () => {
  it.each([
    [string(), 'a', 'a'],
    [string({ min: 1, max: 2 }), 'ab', 'ab'],
    [number({ min: 0.5 }), 0.5, 0.5],
    [number(), -0, 0],
    [integer({ max: 3 }), 3, 3],
    [boolean(), false, false],
    [oneOf(['a', 'b']), 'b', 'b'],
    [literal('x/1'), 'x/1', 'x/1'],
    [literal(1), 1, 1],
    [hex, 'ff', 255],
    [nullable(hex), null, null],
  ])('accepts what they describe (%#)', (reader: Reader<unknown>, value, expected) => {
    expect(parseWith(reader, value)).toStrictEqual({ ok: true, value: expected })
  })

  it.each([
    [string(), 1, 'value: expected a string, found 1'],
    [string({ min: 1, max: 2 }), 'abc', 'value: expected a string of 1 to 2 characters, found "abc"'],
    [string({ pattern: /^a$/, expected: 'an a' }), 'b', 'value: expected an a, found "b"'],
    [number(), Number.NaN, 'value: expected a number, found NaN'],
    [number(), Infinity, 'value: expected a number, found Infinity'],
    [number(), '1', 'value: expected a number, found "1"'],
    [number({ max: 1 }), 2, 'value: expected a number of at most 1, found 2'],
    [integer({ min: 1 }), 0, 'value: expected a whole number of at least 1, found 0'],
    [integer({ min: 1, max: 3 }), 1.5, 'value: expected a whole number from 1 to 3, found 1.5'],
    [integer(), 2 ** 53, 'value: expected a whole number, found 9007199254740992'],
    [boolean(), 'true', 'value: expected true or false, found "true"'],
    [oneOf(['a', 'b', 'c']), 'd', 'value: expected a, b or c, found "d"'],
    [literal(1), true, 'value: expected 1, found true'],
    [hex, 'fg', 'value: expected a byte in hex, found "fg"'],
    [hex, undefined, 'value: expected a byte in hex, found nothing'],
    [nullable(hex), 1, 'value: expected a byte in hex, found 1'],
    [list(hex), {}, 'value: expected a list, found an object'],
    [list(hex, { min: 1, max: 2 }), [], 'value: expected a list of 1 to 2 items, found a list of 0'],
    [object({}), [], 'value: expected an object, found a list'],
    [object({}), new Map(), 'value: expected an object, found an object'],
    [object({}), null, 'value: expected an object, found null'],
    [dictionary(hex), new Date(0), 'value: expected an object, found an object'],
    [jsonValue(), () => 1, 'value: expected a JSON value, found a function'],
    [jsonValue(1), [[1]], '[0]: expected fewer levels of nesting, found a list'],
  ])('refuses the rest (%#)', (reader, value, line) => {
    expect(linesOf(reader, value)).toStrictEqual([line])
  })
})

describe('object', () => {
  const reader = object({
    name: string(),
    size: optional(integer()),
    mode: withDefault(oneOf(['a', 'b']), 'a'),
    rows: withDefault(list(object({ at: integer({ min: 0 }) })), []),
  })

  it('fills in what is absent, so that every key is there', () => {
    expectTypeOf<Infer<typeof reader>>().toEqualTypeOf<{
      readonly name: string
      readonly size: number | undefined
      readonly mode: 'a' | 'b'
      readonly rows: readonly { readonly at: number }[]
    }>()
    expect(parseWith(reader, { name: 'n', mode: undefined })).toStrictEqual({
      ok: true,
      value: { name: 'n', size: undefined, mode: 'a', rows: [] },
    })
  })

  it('reports every problem with its path', () => {
    expect(
      linesOf(reader, { size: 'big', mode: null, rows: [{ at: -1 }, { at: 0, 'x y': 1 }, 3], nam: 'n' }),
    ).toStrictEqual([
      'nam: expected one of the keys name, size, mode, rows, found "nam"',
      'name: expected a string, found nothing',
      'size: expected a whole number, found "big"',
      'mode: expected a or b, found null',
      'rows[0].at: expected a whole number of at least 0, found -1',
      'rows[1]["x y"]: expected one of the keys at, found "x y"',
      'rows[2]: expected an object, found 3',
    ])
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('treats %s like any unknown key', (key) => {
    const value = JSON.parse(`{ "name": "n", "${key}": { "size": 1 } }`)
    expect(linesOf(reader, value)).toStrictEqual([
      `${key}: expected one of the keys name, size, mode, rows, found "${key}"`,
    ])
    expect(parseWith(tolerantObject({ name: string() }), value)).toStrictEqual({ ok: true, value: { name: 'n' } })
    expect(Object.prototype).not.toHaveProperty('size')
  })

  it('does not read inherited keys', () => {
    expect(linesOf(object({ name: string() }), Object.create({ name: 'n' }))).toStrictEqual([
      'name: expected a string, found nothing',
    ])
  })

  it('refuses a default that its reader does not accept', () => {
    expect(() => withDefault(integer(), 'many')).toThrow('the default "many" is not a whole number')
  })

  it('describes itself as JSON Schema', () => {
    expect(object({ a: integer({ min: 1 }), b: withDefault(oneOf(['x']), 'x') }).schema).toStrictEqual({
      type: 'object',
      properties: { a: { type: 'integer', minimum: 1 }, b: { enum: ['x'], default: 'x' } },
      required: ['a'],
      additionalProperties: false,
    })
  })
})

describe('dictionary', () => {
  it('has no prototype, so any key can be looked up', () => {
    const read = peek(dictionary(integer()), JSON.parse('{ "__proto__": 1, "a": 2 }'))
    expect(Object.entries(read ?? {})).toStrictEqual([
      ['__proto__', 1],
      ['a', 2],
    ])
    expect(read?.['constructor']).toBeUndefined()
  })

  it('checks keys and values', () => {
    const reader = dictionary(integer(), string({ pattern: /^[a-z]$/, expected: 'a letter' }))
    expect(linesOf(reader, { a: 1, B: 2, c: 'x' })).toStrictEqual([
      'B: expected a letter, found "B"',
      'c: expected a whole number, found "x"',
    ])
  })
})

describe('union and select', () => {
  const lane = union('kind', { none: {}, drain: { timeoutMs: integer() } })

  it('reads the variant that the key names', () => {
    const drain: Infer<typeof lane> = { kind: 'drain', timeoutMs: 5 }
    expectTypeOf(drain.timeoutMs).toEqualTypeOf<number>()
    // @ts-expect-error: the variant has no such key
    const none: Infer<typeof lane> = { kind: 'none', timeoutMs: 5 }
    expect(none.kind).toBe('none')
    expect(peek(lane, { kind: 'drain', timeoutMs: 5 })).toStrictEqual({ kind: 'drain', timeoutMs: 5 })
  })

  it.each([
    [{}, ['kind: expected none or drain, found nothing']],
    [{ kind: 'toString' }, ['kind: expected none or drain, found "toString"']],
    [{ kind: 'none', timeoutMs: 5 }, ['timeoutMs: expected one of the keys kind, found "timeoutMs"']],
    [{ kind: 'drain' }, ['timeoutMs: expected a whole number, found nothing']],
    [[], ['value: expected an object, found a list']],
  ])('refuses %j', (value, lines) => {
    expect(linesOf(lane, value)).toStrictEqual(lines)
  })

  it('drops unknown keys where it is told to', () => {
    expect(peek(union('kind', { none: {} }, { unknownKeys: 'drop' }), { kind: 'none', later: 1 })).toStrictEqual({
      kind: 'none',
    })
  })

  it('reports on the object itself where no key decides', () => {
    const reader = select({ variants: { a: string() }, pick: () => 'b', otherwise: { expected: 'an a' } })
    expect(linesOf(reader, {})).toStrictEqual(['value: expected an a, found an object'])
  })
})

describe('map and refine', () => {
  it('change and check what was read', () => {
    const even = refine(map(string(), Number), (value, complain) => {
      if (value % 2 !== 0) complain(['digit'], 'an even number', String(value))
    })
    expect(peek(even, '4')).toBe(4)
    expect(linesOf(even, '5')).toStrictEqual(['digit: expected an even number, found 5'])
    expect(linesOf(even, 5)).toStrictEqual(['value: expected a string, found 5'])
  })
})

describe('records', () => {
  const names = ['taken', 'failed'] as const
  const record = tolerantObject({
    format: literal('test/1'),
    counts: tolerantObject(fieldsFor(names, withDefault(integer({ min: 0 }), 0))),
    hold: optional(oneOf(['step', 'operator'])),
    by: dictionary(list(nullable(number()))),
  })

  it('come back from JSON as they were, undefined included', () => {
    const count = fc.nat()
    const values = fc.record({
      format: fc.constant('test/1' as const),
      counts: fc.record({ taken: count, failed: count }),
      hold: fc.constantFrom(undefined, 'step' as const, 'operator' as const),
      by: fc.dictionary(
        fc.string(),
        fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0))),
      ),
    })
    fc.assert(
      fc.property(values, (value) => {
        expect(parseWith(record, JSON.parse(JSON.stringify(value)))).toEqual({ ok: true, value })
      }),
    )
  })

  it('of a newer release lose only what is new', () => {
    const newer = { format: 'test/1', counts: { taken: 1, failed: 0, novel: 9 }, by: {}, later: true }
    expect(peek(record, newer)).toEqual({ format: 'test/1', counts: { taken: 1, failed: 0 }, hold: undefined, by: {} })
    expect(linesOf(record, { ...newer, format: 'test/2' })).toStrictEqual(['format: expected "test/1", found "test/2"'])
  })
})

describe('JSON values', () => {
  it('are copied, and have one text whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const copy = peek(jsonValue(), value)
        expect(JSON.parse(canonicalJson(copy ?? null))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}')
  })
})
