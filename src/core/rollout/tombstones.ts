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

function byTime(a: Tombstone, b: Tombstone): number {
  return Date.parse(a.at) - Date.parse(b.at)
}
