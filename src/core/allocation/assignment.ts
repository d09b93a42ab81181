import { assertNever } from '../assert-never.ts'
import { lookup } from '../lookup.ts'
import type { QueueState, Tombstone } from '../rollout/queue-state.ts'
import type { ConsumerAllocation } from './lane.ts'

/** What one consumer does, read from the queue's document. */
export type Assignment =
  /** In charge: streams at its full concurrency, and takes from the hand-back queue. */
  | { readonly kind: 'stream' }
  /** On trial: takes what its allocation permits; it has at least one slot. */
  | { readonly kind: 'throttled'; readonly allocation: ConsumerAllocation }
  /** On trial or not yet known, with nothing to take: keeps what it has in flight. */
  | { readonly kind: 'idle' }
  /** Takes nothing more, finishes within the time, then is retired. */
  | { readonly kind: 'drain'; readonly timeoutMs: number; readonly onTimeout: 'handBack' | 'wait' }
  /** Takes nothing until a new rollout of its version. */
  | { readonly kind: 'retired'; readonly tombstone: Tombstone }

/** A version that the document does not know is `idle`: only a rollout gives it messages. */
export function assignmentFor(
  state: QueueState,
  consumer: { readonly id: string; readonly version: string },
): Assignment {
  const lane = laneOf(state, consumer.version)
  const tombstone = lookup(state.tombstones, consumer.version)
  if (lane === undefined) return tombstone === undefined ? { kind: 'idle' } : { kind: 'retired', tombstone }
  switch (lane.kind) {
    case 'none':
      return { kind: 'idle' }
    case 'stream':
    case 'drain':
      return lane
    case 'throttled': {
      const allocation = lookup(state.allocations.consumers, consumer.id)
      return allocation === undefined || allocation.concurrency === 0
        ? { kind: 'idle' }
        : { kind: 'throttled', allocation }
    }
    default:
      return assertNever(lane)
  }
}

function laneOf(state: QueueState, version: string) {
  const rollout = state.rollout
  const running = rollout !== undefined && rollout.phase !== 'Succeeded' && rollout.phase !== 'RolledBack'
  if (running && version === rollout.canary) return state.allocations.canary
  if (running && version === rollout.stable) return state.allocations.stable
  if (version === state.standby?.version) return { kind: 'none' } as const
  return version === state.stable ? ({ kind: 'stream' } as const) : undefined
}
