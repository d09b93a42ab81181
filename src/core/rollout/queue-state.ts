import type { Allocations } from '../allocation/lane.ts'
import { idleAllocations } from '../allocation/lane.ts'
import type { Order } from './order.ts'
import { isTerminal } from './rollout.ts'
import type { Rollout } from './rollout.ts'

/**
 * The one document of a queue: who coordinates, which version is in charge, the rollout and what it allows. Held together so that the write
 * of a coordinator that lost its lease fails as a whole.
 */
export interface QueueState extends Order {
  readonly lease: Lease
  /** The version in charge. */
  readonly stable: string
  /** The version in charge before the last promotion: where `undo` goes. */
  readonly previous: string | undefined
  /** The version before, kept warm for `undo`; undefined: nobody is. */
  readonly standby: Standby | undefined
  /** Versions that take no message again without a new rollout of theirs, and why. */
  readonly tombstones: Readonly<Record<string, Tombstone>>
  readonly rollout: Rollout | undefined
  /** Operators' commands that no coordinator has carried out yet, in order. */
  readonly commands: readonly Command[]
  readonly allocations: Allocations
}

export interface Lease {
  /** Consumer id of the coordinator; undefined when it let go. */
  readonly holder: string | undefined
  /** Changes with each renewal. Others judge the lease by watching it change, never by a time stamp. */
  readonly renewals: number
}

/** Its consumers stay linked, take nothing and do not end. A new rollout ends it as well as the time. */
export interface Standby {
  readonly version: string
  /** Of the rollback window, in watched milliseconds. */
  readonly leftMs: number
}

export interface Tombstone {
  readonly reason: 'promotedAway' | 'rolledBack'
  readonly at: string
}

export const commandKinds = ['promote', 'pause', 'resume', 'abort'] as const
export type CommandKind = (typeof commandKinds)[number]

/** An operator's wish. Its id makes repeating it harmless. */
export interface Command {
  readonly id: string
  /** The rollout it is meant for; for any other it does nothing. */
  readonly rollout: string
  readonly kind: CommandKind
  /** `promote` only: skip what is left of the ramp. */
  readonly full: boolean
  readonly reason: string
  /** The queue of the same group that asks for it; undefined: a person does. */
  readonly from?: string | undefined
}

/** A queue's first document: the version that registers first is in charge. */
export function createQueueState(generation: string, stable: string): QueueState {
  return {
    generation,
    epoch: 0,
    sequence: 0,
    lease: { holder: undefined, renewals: 0 },
    stable,
    previous: undefined,
    standby: undefined,
    tombstones: {},
    rollout: undefined,
    commands: [],
    allocations: idleAllocations,
  }
}

/** undefined where there was none yet, or the newest has ended. */
export function runningRollout({ rollout }: Pick<QueueState, 'rollout'>): Rollout | undefined {
  return rollout === undefined || isTerminal(rollout.phase) ? undefined : rollout
}

/** Versions' states as status shows them. */
export type VersionState = 'Inactive' | 'Ramping' | 'Current' | 'Draining' | 'Drained' | 'Retired'
