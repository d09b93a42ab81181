import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { refusal } from './failures.ts'

/** Throws `STORE_REFUSED` where no file can be. Trouble with a file that is there, or could be, is left to the call that meets it. */
export function checkPlace(given: string): void {
  const path = resolve(given)
  if (isDirectory(path)) throw refusal(path, new Error('it is a directory'))
  if (!isDirectory(dirname(path))) throw refusal(path, new Error('its directory does not exist'))
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
