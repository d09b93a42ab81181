import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonPathPattern, parseJsonPath, pickFrom } from '../../../src/core/policy/json-path.ts'
import { escapePromql, escapeUrl, fillTemplate, isInDoubleQuotes } from '../../../src/core/policy/query-template.ts'

const values = { queue: 'orders', version: 'v2', rollout: 'r1', namespace: 'default' }

describe('fillTemplate', () => {
  it.each([
    ['{{queue}} {{ version }} {{rollout}}{{  namespace}}', 'orders v2 r1default'],
    ['{{queue}}{{queue}}', 'ordersorders'],
    ['{{unknown}} {{constructor}} {{', '{{unknown}} {{constructor}} {{'],
    ['{queue} {{{queue}}}', '{queue} {orders}'],
  ])('fills %j', (text, filled) => {
    expect(fillTemplate(text, values, (value) => value)).toBe(filled)
  })

  it('does not fill what a value brings with it, nor read it as a replacement pattern', () => {
    const odd = { ...values, queue: '{{version}}$&$1' }
    expect(fillTemplate('{{queue}}', odd, (value) => value)).toBe('{{version}}$&$1')
  })
})

describe('escapePromql', () => {
  it.each([
    ['v1.2-rc+3', 'v1.2-rc+3'],
    ['a"b', String.raw`a\"b`],
    [String.raw`a\b`, String.raw`a\\b`],
    ['a\nb\u0000', String.raw`a\u000ab\u0000`],
    ['"} or vector(0) #', String.raw`\"} or vector(0) #`],
    ['ä\u{1f426}', 'ä\u{1f426}'],
    ['\ud800', '\ufffd'],
  ])('of %j', (value, escaped) => {
    expect(escapePromql(value)).toBe(escaped)
  })

  it('never ends the string that it stands in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const query = `a{v="${escapePromql(value)}`
        expect(isInDoubleQuotes(query, query.length)).toBe(true)
        expect(JSON.parse(`"${escapePromql(value)}"`)).toBe(value.toWellFormed())
      }),
    )
  })
})

it('escapeUrl leaves nothing that a URL would read', () => {
  expect(escapeUrl('a/b?c#d&e=f%g h@\ud800')).toBe('a%2Fb%3Fc%23d%26e%3Df%25g%20h%40%EF%BF%BD')
})

describe('a JSON path', () => {
  const document = JSON.parse('{"a":{"b c":[1,{"d":2}]},"__proto__":{"x":3},"n":null,"l":"text"}')

  it.each([
    ['$', document],
    ['$.a["b c"][0]', 1],
    ['$.a["b c"][1].d', 2],
    ['$["__proto__"].x', 3],
    ['$.n', null],
    ['$.n.x', undefined],
    ['$.missing.deeper', undefined],
    ['$.a["b c"][9]', undefined],
    ['$.a["b c"].length', undefined],
    ['$.constructor', undefined],
    ['$.l[0]', undefined],
    ['$.l.length', undefined],
    [String.raw`$["\u0061"]["b c"][0]`, 1],
  ])('%s finds what is there', (path, value) => {
    expect(pickFrom(document, parseJsonPath(path) ?? ['?'])).toEqual(value)
  })

  it('is read whole, or not at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '.', 'a', '[', ']', '"', '0', '\\', 'u', ' ') }), (text) => {
        expect(parseJsonPath(text) !== undefined).toBe(jsonPathPattern.test(text))
      }),
    )
  })
})
