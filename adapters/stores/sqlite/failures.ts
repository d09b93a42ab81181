import { QueueCanaryError } from '../../../src/errors.ts'

/** SQLITE_BUSY, SQLITE_LOCKED and SQLITE_PROTOCOL (a race for the write-ahead log), in any extended form: somebody is at work, and waiting helps. */
const passing: ReadonlySet<number> = new Set([5, 6, 15])

export function isLocked(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' && passing.has(code & 0xff)
}

/** What a person must mend, with the path and SQLite's own words. */
export function refusal(path: string, error: unknown): QueueCanaryError {
  if (error instanceof QueueCanaryError) return error
  const found = error instanceof Error ? error.message : 'an unknown failure'
  return new QueueCanaryError(
    'STORE_REFUSED',
    `the store ${path} cannot be used: ${found}. Expected a readable and writable SQLite file, or none in an existing directory; mend its rights, restore it or remove it`,
    { cause: error },
  )
}
