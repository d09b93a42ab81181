import type { Entry, News, Revision } from '../../../src/contracts/store.ts'

/** The entry, without its value where its revision is known. */
export function unless(known: ReadonlySet<Revision>, entry: Entry): News {
  return known.has(entry.revision) ? { ...entry, value: undefined } : entry
}
