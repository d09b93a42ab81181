import { lookup } from '../lookup.ts'
import type { Command, QueueState } from './queue-state.ts'
import { abortablePhases } from './rollout.ts'
import type { Rollout, RolloutGroup } from './rollout.ts'

/**
 * Several queues as one rollout. Each has its own document and coordinator; they read each other's documents and go on together.
 *
 * A queue publishes in its own document how far it is ready to go, and leaves a position when all others are ready to leave it as well. The
 * commit is decided by one document, that of the first queue: it commits when all others have voted for it, by being ready to; the others
 * commit when they see that it has. So nobody commits while another one goes back, whatever the order in which documents are read: a vote is
 * taken back only by an abort in the first queue's document, where compare-and-set lets either the abort or the commit be first.
 */
export type Peer =
  /** Could not be read lately, or not yet. */
  | { readonly kind: 'unread' }
  /** Its document has no rollout of the group. `promoted`: the version is in charge there, or was; that may have come of the group, or of before. */
  | { readonly kind: 'absent'; readonly promoted: boolean }
  | { readonly kind: 'underWay'; readonly ready: number; readonly where: string }
  | { readonly kind: 'takenBack'; readonly why: string }
  | { readonly kind: 'committed' }

/** Before the name of the queue that a ready one waits for. */
export const readyWhy = 'ready; waiting for queue'

/** What the documents of the others say; none is there before it was read. */
export type Peers = Readonly<Record<string, Peer>>

/** The positions of a rollout are its start, its steps, the wait before the promotion, and the promotion. */
export function positionOf({ phase, step }: Pick<Rollout, 'phase' | 'step'>): number {
  if (phase === 'Initialized') return 0
  return phase === 'Promoting' ? step + 2 : step + 1
}

/** The queue whose document decides the commit. */
export function leadOf({ queues }: RolloutGroup): string {
  return queues[0] ?? ''
}

/** True when the commit is no longer this queue's own to decide. */
export function hasVoted(rollout: Rollout): boolean {
  const { group, phase } = rollout
  if (group === undefined || group.queue === leadOf(group) || phase !== 'Promoting') return false
  return group.ready > positionOf(rollout)
}

/** What a queue's document says to the others of a group that takes `canary` in. */
export function peerIn(state: QueueState, groupId: string, canary: string): Peer {
  const { rollout } = state
  if (rollout?.group?.id === groupId) return memberIn(state, rollout, rollout.group)
  const promoted = state.stable === canary || lookup(state.tombstones, canary)?.reason === 'promotedAway'
  return { kind: 'absent', promoted }
}

function memberIn(state: QueueState, rollout: Rollout, group: RolloutGroup): Peer {
  const { phase, why, step } = rollout
  if (phase === 'RollingBack' || phase === 'RolledBack') return { kind: 'takenBack', why: reasonOf(rollout) }
  if (!abortablePhases.includes(phase)) return { kind: 'committed' }
  // It stands above everything that its coordinator will decide.
  const abort = abortIn(state, rollout)
  if (abort !== undefined) return { kind: 'takenBack', why: abort.reason === '' ? 'aborted' : abort.reason }
  const ready = Math.max(group.ready, positionOf(rollout))
  // Who waits for a third one says so in its own status: reasons do not nest.
  const reason = why.startsWith(readyWhy) ? 'ready' : why
  return { kind: 'underWay', ready, where: `${phase}, step ${step + 1}: ${reason}` }
}

/** The first queue's document with the wish of `from` in it that all go back; undefined where it has committed, goes back, or was asked before. */
export function withWithdrawal(state: QueueState, { id, group }: Rollout, reason: string): QueueState | undefined {
  const { rollout, commands } = state
  const isMember = rollout?.group !== undefined && rollout.group.id === group?.id
  if (!isMember || !abortablePhases.includes(rollout.phase) || abortIn(state, rollout) !== undefined) return undefined
  const wish = { id: `withdraw ${id}`, rollout: rollout.id, kind: 'abort', full: false } as const
  const abort = { ...wish, reason, from: group?.queue }
  return { ...state, commands: [...commands, abort] }
}

function abortIn({ commands }: QueueState, { id }: Rollout): Command | undefined {
  return commands.find(({ kind, rollout }) => kind === 'abort' && rollout === id)
}

/** That the consumers have drained is not why it was taken back. */
function reasonOf({ history, why }: Rollout): string {
  return history.findLast(({ phase }) => phase === 'RollingBack')?.why ?? why
}
