import { lookup } from '../lookup.ts'
import { compareOrder } from './order.ts'
import type { QueueState } from './queue-state.ts'
import { abortablePhases } from './rollout.ts'

/**
 * True for a document that is older than a known one and takes back what must stand: a promotion, a retirement, an abort, an end. A store does that
 * when it is restored from a dump, or loses writes that it had confirmed. A rollout that goes on from a little earlier takes nothing back.
 */
export function takesBack(found: QueueState, known: QueueState): boolean {
  const order = compareOrder(found, known)
  if (order === undefined || order >= 0) return false
  if (found.stable !== known.stable || found.rollout?.id !== known.rollout?.id) return true
  return !Object.keys(known.tombstones).every((version) => lookup(found.tombstones, version)) || hasTurned(known, found)
}

/** The known rollout has gone where there is no way back from, and the found one has not. */
function hasTurned({ rollout, commands }: QueueState, found: QueueState): boolean {
  if (rollout === undefined || rollout.phase === found.rollout?.phase) return false
  return !abortablePhases.includes(rollout.phase) || commands.some(({ kind }) => kind === 'abort')
}
