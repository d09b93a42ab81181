import type { Standby } from './queue-state.ts'

/** The rollback window, `sinceMs` later: when it is over, the version is as retired as its tombstone says. */
export function passWindow(standby: Standby | undefined, sinceMs: number): Standby | undefined {
  if (standby === undefined) return undefined
  const leftMs = standby.leftMs - sinceMs
  return leftMs > 0 ? { ...standby, leftMs } : undefined
}
