import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/cli/exit-codes.ts'
import { errorCodes, QueueCanaryError } from '../../src/errors.ts'
import { referencePages } from '../support/reference-pages.ts'

test.each(Object.entries(referencePages))('%s says what the code says (npm run docs writes it)', (path, text) => {
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('the README lists every error code with its exit code, and no other', () => {
  const readme = readFileSync('README.md', 'utf8')
  const documented = [...readme.matchAll(/^\| `([A-Z_]+)` \|.*\| (\d) \|$/gm)].map(
    ([, code, exit]) => `${code} ${exit}`,
  )
  const actual = errorCodes.map((code) => `${code} ${exitCodeOf(new QueueCanaryError(code, ''))}`)
  expect(documented.toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(
    actual.toSorted((a, b) => a.localeCompare(b)),
  )
})
