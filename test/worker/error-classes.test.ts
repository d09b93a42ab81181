import { expect, it } from 'vitest'
import { novelErrorsIn, otherErrors } from '../../src/core/rollout/novel-errors.ts'
import { ErrorClasses } from '../../src/worker/error-classes.ts'
import { facts, observation } from '../support/build-rollout.ts'

it('has room for 64 classes; of those that come later only their number is told', () => {
  const book = new ErrorClasses()
  for (let number = 0; number < 64; number++) book.add(`Code ${number}`)
  for (const late of ['Late', 'Later', 'Code 3']) book.add(late)
  expect(Object.keys(book.report)).toHaveLength(65)
  expect(book.report).toMatchObject({ 'Code 3': 2, [otherErrors]: 2 })
})

it.each([
  ['is new, where the stable version told all of its classes', {}, 4],
  ['may be an old one, where it could not', { [otherErrors]: 10_000 }, 0],
])('a class that is not among those of the stable version %s', (_, errors, messages) => {
  const stable = facts({ errors: { 'Error A': 1, ...errors } })
  const seen = observation({ stable, canary: facts({ errors: { 'Error B': 4 } }) })
  expect(novelErrorsIn(seen).messages).toBe(messages)
})

it('what a canary has no room for is not known to be new', () => {
  const stable = facts({ errors: { 'Error A': 1 } })
  expect(novelErrorsIn(observation({ stable, canary: facts({ errors: { [otherErrors]: 6 } }) })).messages).toBe(0)
})
