import { parseWith } from './schema/reader.ts'
import type { Reader } from './schema/reader.ts'
import { string } from './schema/scalars.ts'

/** What names a version everywhere: in the environment, on the command line, in records and in headers of messages. */
export function versionReader(): Reader<string> {
  return string({
    expected: 'a version of 1 to 128 printable ASCII characters without spaces, and no URL',
    pattern: /^(?!.*:\/\/)[!-~]{1,128}$/,
  })
}

/** `what` is what the version was given as: `--version`. */
export function versionProblems(what: string, version: unknown): readonly string[] {
  const read = parseWith(versionReader(), version)
  return read.ok ? [] : read.problems.map(({ expected, found }) => `${what}: expected ${expected}, found ${found}`)
}
