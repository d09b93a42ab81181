import type { Lease } from '../core/rollout/queue-state.ts'

/** A coordinator renews at least every `renewMs`; one whose lease was not seen to change for `leaseMs` has lost it. */
export const leaseMs = 5_000
export const renewMs = 1_000

/** Judges a lease by watching it change, on this process's own clock: nobody's time stamp is believed. */
export class LeaseWatch {
  #seen: Lease | undefined
  #changedAt = 0

  observe(lease: Lease, now: number): void {
    const seen = this.#seen
    if (seen !== undefined && seen.holder === lease.holder && seen.renewals === lease.renewals) return
    this.#seen = lease
    this.#changedAt = now
  }

  /** True when nobody holds the lease, or its holder has been silent for the whole lease while this process watched. */
  isFree(now: number): boolean {
    const seen = this.#seen
    return seen !== undefined && (seen.holder === undefined || now - this.#changedAt >= leaseMs)
  }
}
