import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filterOf, keyOf, subjectOf } from '../../adapters/stores/nats/subjects.ts'

const keys = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '.', '=', '2', 'f', '*', '>', ' ', 'ä', '\u{1f426}'),
  maxLength: 12,
})

describe('subjects of keys', () => {
  it('differ where keys differ, hold what NATS allows, and lead back', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(keyOf(subjectOf(key))).toBe(key)
        expect(subjectOf(key)).toMatch(/^[\w=-]+(?:\.[\w=-]+)*$/)
      }),
    )
  })

  it('match the filter of each of their prefixes', () => {
    fc.assert(
      fc.property(keys, fc.nat(12), (key, length) => {
        const filter = filterOf(key.slice(0, length)).slice(0, -1)
        expect(subjectOf(key).startsWith(filter)).toBe(true)
      }),
    )
  })

  it.each([
    ['default/orders/consumers/v1', 'default.orders.consumers.v1'],
    ['a//b', 'a.=.b'],
    ['a.b', 'a=2eb'],
  ])('%s is %s', (key, subject) => {
    expect(subjectOf(key)).toBe(subject)
  })

  it.each([
    ['', '>'],
    ['default/ord', 'default.>'],
    ['default/orders/', 'default.orders.>'],
  ])('the filter of %j is %s', (prefix, filter) => {
    expect(filterOf(prefix)).toBe(filter)
  })
})
