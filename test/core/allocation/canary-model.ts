import type { Allocations, ConsumerAllocation } from '../../../src/core/allocation/lane.ts'
import { bridged } from '../../../src/core/allocation/permits.ts'

/** A throttled consumer of the traffic model. */
export interface Canary {
  readonly id: string
  nextAt: number
  /** Takes messages. */
  acts: boolean
  /** Reports, and reads its allocation. */
  connected: boolean
  /** Reports itself as ready. */
  ready: boolean
  /** Others found it dead, rightly or not. */
  foundDead: boolean
  taken: number
  /** The allocations that it read last, and when it first read these. */
  read: Allocations
  obeyedAt: number
  slots: number
  finishing: number[]
}

export function mayTake(canary: Canary, now: number): boolean {
  const { acts, taken, finishing, slots } = canary
  return acts && finishing.length < slots && taken < permitsOf(canary, now)
}

/** What it may have taken by now. */
export function permitsOf(canary: Canary, now: number): number {
  const { permits = 0, bridge } = allocationOf(canary) ?? {}
  return permits + (bridge === undefined ? 0 : bridged(bridge, now - canary.obeyedAt))
}

export function allocationOf({ read, id }: Canary): ConsumerAllocation | undefined {
  return read.consumers[id]
}
