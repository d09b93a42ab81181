import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { refusal } from './failures.ts'

/** Throws `STORE_REFUSED` where no file can be. Trouble with a file that is there, or could be, is left to the call that meets it. */
export function checkPlace(given: string): void {
  const path = resolve(given)
  if (kindOf(path) === 'directory') throw refusal(path, new Error('it is a directory'))
  const above = kindOf(dirname(path))
  if (above === 'none' || above === 'file') throw refusal(path, new Error('its directory does not exist'))
}

function kindOf(path: string): 'directory' | 'file' | 'none' | 'unknown' {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) return 'none'
    return found.isDirectory() ? 'directory' : 'file'
  } catch {
    // It may not be looked at.
    return 'unknown'
  }
}
