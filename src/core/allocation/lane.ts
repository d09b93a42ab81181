import type { Fuse } from '../evidence/fuse.ts'
import type { Bridge } from './permits.ts'
import { quickestLookMs } from './rhythm.ts'

/** What a version may do. `none`: takes nothing. `stream`: takes what it can. `drain`: takes nothing more, finishes, and is retired. */
export type Lane =
  | { readonly kind: 'none' }
  | { readonly kind: 'stream' }
  | ThrottledLane
  | { readonly kind: 'drain'; readonly timeoutMs: number; readonly onTimeout: 'handBack' | 'wait' }

export interface ThrottledLane {
  readonly kind: 'throttled'
  /** Percent of the queue's messages; 100 needs no permits. */
  readonly weight: number
  /** Most in flight over all consumers of the version. */
  readonly concurrency: number
  readonly delayMs: number
}

/**
 * The part of one canary consumer. All numbers are limits or cumulative over the consumer's life: repeating or losing one does no harm.
 * `failures` of a living consumer never go down while a rollout runs: what was given may have been used before a report tells. `permits` do where the
 * weight falls, and where somebody comes back to slots (`grants.ts`): those may have been used as well, which costs a few messages of the share and no
 * failure that was not allowed for.
 */
export interface ConsumerAllocation {
  /** 0: takes nothing, finishes what it has. */
  readonly concurrency: number
  readonly delayMs: number
  /** Messages it may have taken in all; undefined: as many as it can. */
  readonly permits: number | undefined
  /** What it may add to them while the next grant is late (see `permits.ts`); undefined: nothing. */
  readonly bridge: Bridge | undefined
  /** What it stops by on its own; undefined where the policy compares no failures. */
  readonly fuse: Fuse | undefined
  /** Messages that may have failed in all: failed and in flight together never exceed it. */
  readonly failures: number
  /** A message that came back before, and that the broker dead-letters after so few more returns, is left to the stable version; undefined: 0. */
  readonly returnsToSpare: number | undefined
}

export interface Allocations {
  readonly stable: Lane
  readonly canary: Lane
  /** By id: every canary consumer that was ever allowed something in this rollout and has not signed off, also where it may take nothing now. */
  readonly consumers: Readonly<Record<string, ConsumerAllocation>>
  /** How far apart everybody's looks and reports are while the rollout runs (`rhythm.ts`). */
  readonly lookMs: number
}

export const idleAllocations: Allocations = {
  stable: { kind: 'stream' },
  canary: { kind: 'none' },
  consumers: {},
  lookMs: quickestLookMs,
}
