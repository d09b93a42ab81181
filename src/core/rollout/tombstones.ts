import type { QueueState, Tombstone } from './queue-state.ts'

/**
 * So many are remembered, the newest: the document is written at each look. A version that is forgotten is an unknown one, which takes nothing
 * without a rollout of it either.
 */
export const mostTombstones = 200

export function bury(
  before: QueueState['tombstones'],
  version: string,
  tombstone: Tombstone,
): QueueState['tombstones'] {
  const others = Object.entries(before).filter(([other]) => other !== version)
  if (others.length < mostTombstones) return { ...before, [version]: tombstone }
  const newest = others.toSorted(([, a], [, b]) => byTime(a, b)).slice(1 - mostTombstones)
  return Object.fromEntries([...newest, [version, tombstone]])
}

/** ISO 8601 of one zone: the order of the texts is that of the times. */
function byTime(a: Tombstone, b: Tombstone): number {
  if (a.at === b.at) return 0
  return a.at < b.at ? -1 : 1
}
