import type { RetryNote } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Lease } from './lease.ts'

export interface ParkingSettings {
  readonly clock: Clock
  /** It has waited for its time. Its lease may have ended meanwhile. */
  readonly onDue: (lease: Lease, note: RetryNote) => void
}

/** SQS lets a FIFO queue have 20,000 messages in flight, for all consumers together. */
const mostParked = 1_000

/**
 * Messages that wait under their leases, which the heartbeat extends: that costs no receive, takes no place from others, and nobody gets a later
 * message of their groups. They wait in vain for another consumer: only this one can come back to them.
 */
export class Parking {
  readonly #settings: ParkingSettings
  readonly #parked = new Set<Lease>()
  readonly #ending = new AbortController()

  constructor(settings: ParkingSettings) {
    this.#settings = settings
  }

  get hasRoom(): boolean {
    return !this.#ending.signal.aborted && this.#parked.size < mostParked
  }

  park(lease: Lease, note: RetryNote): void {
    this.#parked.add(lease)
    void this.#wait(lease, note)
  }

  /** Takes out everything, the oldest first. From now on there is no room. */
  end(): readonly Lease[] {
    this.#ending.abort()
    return this.clear()
  }

  /** The same, and others may be parked later. */
  clear(): readonly Lease[] {
    const all = [...this.#parked]
    this.#parked.clear()
    return all
  }

  async #wait(lease: Lease, note: RetryNote): Promise<void> {
    await this.#settings.clock.sleep(note.delayMs, this.#ending.signal)
    if (this.#parked.delete(lease)) this.#settings.onDue(lease, note)
  }
}
