import type { Entry, News, Revision } from '../../../src/contracts/store.ts'

/** Servers order by bytes, strings by UTF-16 units. */
export function inOrder(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** The entry, without its value where its revision is known. */
export function unless(known: ReadonlySet<Revision>, entry: Entry): News {
  return known.has(entry.revision) ? { ...entry, value: undefined } : entry
}
