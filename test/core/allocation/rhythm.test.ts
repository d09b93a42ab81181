import { expect, it } from 'vitest'
import { lookLength } from '../../../src/core/allocation/rhythm.ts'

it.each([
  [1, 50],
  [25, 50],
  [100, 200],
  [300, 600],
  [100_000, 600],
])('a fleet of %i consumers looks every %i ms', (consumers, ms) => {
  expect(lookLength(consumers)).toBe(ms)
})
