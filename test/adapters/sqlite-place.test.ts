import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkPlace } from '../../adapters/stores/sqlite/place.ts'

function codeOf(path: string): unknown {
  try {
    checkPlace(path)
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

it.each([
  ['is a directory', tmpdir(), 'STORE_REFUSED'],
  ['is in a directory that does not exist', join(tmpdir(), 'no-such-directory', 'state.db'), 'STORE_REFUSED'],
  ['is in a file', join(import.meta.filename, 'state.db'), 'STORE_REFUSED'],
  ['may be one', join(tmpdir(), 'state.db'), undefined],
  ['cannot be looked at', join(tmpdir(), 'a'.repeat(5_000), 'state.db'), undefined],
])('a path that %s: %#', (_, path, code) => {
  expect(codeOf(path)).toBe(code)
})
