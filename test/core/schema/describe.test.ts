import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alternatives, describePath, describeValue, escapeText } from '../../../src/core/schema/describe-problem.ts'
import { describeUrl } from '../../../src/core/schema/describe-url.ts'
import { nearest } from '../../../src/core/schema/nearest.ts'

describe('describePath', () => {
  it.each([
    [[], 'the file'],
    [['steps', 1, 'weight'], 'steps[1].weight'],
    [[0, 'a-b'], '[0].a-b'],
    [['a b', 'c.d', ''], '["a b"]["c.d"][""]'],
    [['line\nbreak'], '["line\\nbreak"]'],
  ])('%j', (path, text) => {
    expect(describePath(path)).toBe(text)
  })
})

describe('describeValue', () => {
  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [1.5, '1.5'],
    ['abc', '"abc"'],
    ['say "hi" \\', String.raw`"say \"hi\" \\"`],
    ['\u001b[31m\u202e', String.raw`"\u001b[31m\u202e"`],
    ['\ud800', String.raw`"\ud800"`],
    ['x'.repeat(38), `"${'x'.repeat(38)}"`],
    ['x'.repeat(39), `"${'x'.repeat(37)}…"`],
    [[1], 'a list'],
    [{}, 'an object'],
    [Symbol('s'), 'a symbol'],
    [1n, 'a bigint'],
  ])('%#', (value, text) => {
    expect(describeValue(value)).toBe(text)
  })

  it('is short and printable whatever the text', () => {
    const codes = fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 200 })
    fc.assert(
      fc.property(
        codes.map((list) => String.fromCharCode(...list)),
        (text) => {
          const shown = describeValue(text)
          expect(shown.length).toBeLessThanOrEqual(40)
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        },
      ),
    )
  })

  it('escapes within a length', () => {
    expect(escapeText('ab\ncd', 6)).toBe(String.raw`ab\ncd`)
    expect(escapeText('ab\ncd', 5)).toBe(String.raw`ab\n…`)
  })
})

describe('describeUrl', () => {
  it.each([
    ['amqp://user:secret@host:5672/vhost?x=1', 'amqp://host:5672'],
    ['https://hooks.example/secret/path', 'https://hooks.example'],
    ['amqps://[::1]:5671', 'amqps://[::1]:5671'],
    ['amqp://user:sec/ret@host', 'amqp://…'],
    ['amqp://user:12/ret@host', 'amqp://…'],
    ['amqp://user:se@cret@host', 'amqp://…'],
    ['amqp://user:secret', 'amqp://…'],
    ['redis:something', 'redis:…'],
    ['user:secret@host', 'text that is no URL'],
    ['secret', 'text that is no URL'],
    ['', '""'],
    [undefined, 'nothing'],
  ])('%s', (url, text) => {
    expect(describeUrl(url)).toBe(text)
  })

  it('shows no part of a password, however badly it is escaped', () => {
    const secret = fc.string({ minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(secret, secret, fc.constantFrom('', '/vhost', '?heartbeat=5'), (before, after, rest) => {
        expect(describeUrl(`amqp://user:${before}HUNTER2${after}@host${rest}`)).not.toContain('HUNTER2')
      }),
    )
  })
})

describe('nearest', () => {
  it.each([
    ['VERISON', 'VERSION'],
    ['VERSIONS', 'VERSION'],
    ['STORE', 'STORE'],
    ['QUEUE', 'QUEUES'],
    ['COMPLETELY_ELSE', undefined],
  ])('%s is nearest to %s', (word, expected) => {
    expect(nearest(word, ['VERSION', 'STORE', 'QUEUES'])).toBe(expected)
  })
})

describe('alternatives', () => {
  it('reads like a sentence', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(alternatives)).toStrictEqual(['', 'a', 'a or b', 'a, b or c'])
  })
})
