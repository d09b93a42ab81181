import { describe, expect, it } from 'vitest'
import { isAccepted, isRange } from '../../src/worker/acceptance.ts'
import { normaliseHandler } from '../../src/worker/define-handler.ts'

const accepts = (value: unknown, range: string): boolean =>
  isAccepted({ header: 'schema', range }, { headers: { schema: value } })

describe('a version that accepts a range', () => {
  it.each([
    [2, '>=2 <4', true],
    [3.9, '>=2 <4', true],
    [4, '>=2 <4', false],
    [1, '>=2 <4', false],
    ['2', '>=2 <4', true],
    ['v2', '>=2 <4', true],
    ['V2.1', '>=2 <4', true],
    [' 2.1 ', '>=2 <4', true],
    ['02', '>=2 <4', true],
    ['3.99.0', '>=2 <4', true],
    ['4.0.0', '>=2 <4', false],
    ['4.0.0-beta.1', '>=2 <4', false],
    ['3.0.0-beta.1', '>=2 <4', true],
    ['2.0.0+build.7', '2.x', true],
    ['2.3.4', '^2.1 || 5', true],
    ['5.0.1', '^2.1 || 5', true],
    ['3', '^2.1 || 5', false],
    ['7', '*', true],
  ])('and a header %o, within %s: %s', (value, range, expected) => {
    expect(accepts(value, range)).toBe(expected)
  })

  it.each(['', 'two', '2,1', '2.1.0.4', 'version 2', '-2', '1e3', true, {}, [2], Number.NaN, -1, '9'.repeat(400)])(
    'does not accept a header that is no version: %o',
    (value) => {
      expect(accepts(value, '*')).toBe(false)
    },
  )

  it('accepts a message without the header', () => {
    for (const headers of [{}, { schema: undefined }, { schema: null }, { Schema: 9 }])
      expect(isAccepted({ header: 'schema', range: '2' }, { headers })).toBe(true)
    expect(isAccepted({ header: 'toString', range: '2' }, { headers: {} })).toBe(true)
  })
})

describe('accepts of a handler', () => {
  const handle = (): void => undefined

  it('is kept as it is', () => {
    const accepts = { header: 'schema', range: '>=2 <4' }
    expect(normaliseHandler({ handle, accepts })).toMatchObject({ accepts })
    expect(normaliseHandler({ handle })).not.toHaveProperty('accepts')
  })

  it.each([
    [{}, '`accepts.header`'],
    [{ header: '', range: '2' }, '`accepts.header`'],
    [{ header: 'schema' }, '`accepts.range`'],
    [{ header: 'schema', range: 'two' }, '`accepts.range`'],
    [{ header: 'schema', range: 2 }, '`accepts.range`'],
    ['>=2', '`accepts.header`'],
    [null, '`accepts.header`'],
  ])('is refused where it makes no sense: %o', (wrong, expected) => {
    expect(() => normaliseHandler({ handle, accepts: wrong })).toThrow(expected)
  })

  it('is a range as npm knows them', () => {
    expect(['>=2 <4', '2.x', '^1', '', '*'].filter((range) => !isRange(range))).toEqual([])
    expect(['two', '>>2', '2..3'].filter(isRange)).toEqual([])
  })
})
