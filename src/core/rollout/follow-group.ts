import { lookup } from '../lookup.ts'
import { commit } from './commit.ts'
import type { Transition } from './event.ts'
import { hasVoted, leadOf, positionOf, readyWhy } from './group.ts'
import type { Peer } from './group.ts'
import { stay } from './look.ts'
import type { Look } from './look.ts'
import { moveTo } from './move.ts'
import { abortablePhases } from './rollout.ts'
import type { Rollout, RolloutGroup } from './rollout.ts'

/** The others of a group are started one after the other: one that is not there after this long was not started. */
const startPatienceMs = 30_000

/** Where the others of its group take a rollout, whatever its own queue says; undefined where it goes on by itself. */
export function followGroup(look: Look): Transition<Rollout> | undefined {
  const { rollout, at } = look
  const { group } = rollout
  if (group === undefined || !abortablePhases.includes(rollout.phase)) return undefined
  if (hasVoted(rollout) && hasDecided(peerOf(look, leadOf(group))))
    return commit(look, `queue ${leadOf(group)} has committed the promotion for all`)
  const why = lostPeer(look, group)
  return why === undefined ? undefined : moveTo(rollout, { phase: 'RollingBack', at, why })
}

/** Publishes that the queue is ready for the next move, and makes it when all others are ready too. */
export function withGroup(look: Look, group: RolloutGroup, next: Transition<Rollout>): Transition<Rollout> {
  const here = positionOf(look.rollout)
  const published = { ...group, ready: Math.max(group.ready, here + 1) }
  const lacking = othersOf(group).find((queue) => !lets(look, group, queue))
  if (lacking === undefined) return { ...next, state: { ...next.state, group: published } }
  return stay({ ...look.rollout, group: published }, `${readyWhy} ${lacking} (${whereIs(peerOf(look, lacking))})`)
}

/**
 * A vote binds: whatever would hold or take back a queue that has voted asks the first queue to take all back instead, until that is seen to go
 * back.
 */
export function bound(look: Look, next: Transition<Rollout>): Transition<Rollout> {
  const { rollout } = look
  const { group } = rollout
  const { phase } = next.state
  if (group === undefined || !hasVoted(rollout) || phase === 'Promoting' || phase === 'Draining') return next
  if (peerOf(look, leadOf(group)).kind === 'takenBack') return next
  return withdrawn(rollout, group, next.state.why)
}

/** The same for a command, which knows nothing of the others. */
export function boundCommand(rollout: Rollout, next: Transition<Rollout>): Transition<Rollout> {
  if (rollout.group === undefined || !hasVoted(rollout) || next.state.phase !== 'RollingBack') return next
  const { carriedOut, why } = next.state
  return withdrawn({ ...rollout, carriedOut }, rollout.group, why)
}

function withdrawn(rollout: Rollout, group: RolloutGroup, why: string): Transition<Rollout> {
  const queue = leadOf(group)
  const waiting = stay(rollout, `${why}; queue ${queue}, which decides for all, is asked to take the rollout back`)
  return { ...waiting, effects: [{ kind: 'withdraw', queue, why }] }
}

/** The commit is let by those who have voted, and for them by the first queue alone. */
function lets(look: Look, group: RolloutGroup, queue: string): boolean {
  const peer = peerOf(look, queue)
  const decidedElsewhere = look.rollout.phase === 'Promoting' && group.queue !== leadOf(group)
  if (decidedElsewhere) return queue !== leadOf(group) || peer.kind === 'committed'
  return peer.kind === 'committed' || (peer.kind === 'underWay' && peer.ready > positionOf(look.rollout))
}

/** After the commit another rollout may have followed, before it was seen here. */
function hasDecided(lead: Peer): boolean {
  return lead.kind === 'committed' || (lead.kind === 'absent' && lead.promoted)
}

function lostPeer(look: Look, group: RolloutGroup): string | undefined {
  const { phase, phaseElapsedMs } = look.rollout
  const mayCome = phase === 'Initialized' && phaseElapsedMs < startPatienceMs
  for (const queue of othersOf(group)) {
    const peer = peerOf(look, queue)
    if (peer.kind === 'takenBack') return `queue ${queue} of the same rollout was taken back: ${peer.why}`
    if (peer.kind === 'absent' && !mayCome)
      return `queue ${queue} has no part in this rollout: it was not started there, or is lost`
  }
  return undefined
}

function othersOf({ queues, queue }: RolloutGroup): readonly string[] {
  return queues.filter((other) => other !== queue)
}

function peerOf({ seen }: Look, queue: string): Peer {
  return lookup(seen.peers, queue) ?? { kind: 'unread' }
}

function whereIs(peer: Peer): string {
  if (peer.kind === 'underWay') return peer.where
  return peer.kind === 'absent' ? 'not started yet' : 'its document cannot be read'
}
