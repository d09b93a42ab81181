import { lookup } from '../lookup.ts'
import { runningRollout } from './queue-state.ts'
import type { QueueState, Tombstone } from './queue-state.ts'

/** What the queue's document makes of a version that would start a rollout of itself. */
export type Standing =
  /** No rollout has ever named it: it may start one. */
  | { readonly kind: 'new' }
  /** In charge, or part of the newest rollout: there is nothing to start. */
  | { readonly kind: 'known' }
  /** As `new`, once the rollout that runs has ended. */
  | { readonly kind: 'waits'; readonly why: string }
  /** It was in charge, or was taken back: only a person starts it again. */
  | { readonly kind: 'refused'; readonly why: string }

/** Every version that a rollout has named is in charge, buried, or in the newest rollout: nothing else needs to be remembered. */
export function standingOf(state: QueueState, version: string): Standing {
  const running = runningRollout(state)
  if ([state.stable, running?.canary, running?.stable].includes(version)) return { kind: 'known' }
  const buried = lookup(state.tombstones, version)
  if (buried !== undefined) return { kind: 'refused', why: refusal(version, buried) }
  if (running !== undefined) return { kind: 'waits', why: `a rollout of ${running.canary} is under way` }
  return state.rollout?.canary === version ? { kind: 'known' } : { kind: 'new' }
}

function refusal(version: string, { reason, at }: Tombstone): string {
  return reason === 'rolledBack'
    ? `${version} was rolled back before (${at}) and does not start by itself: use retry, or start --force`
    : `${version} was in charge until ${at} and does not start by itself: use undo, or start`
}
