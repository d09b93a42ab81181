import type { Clock } from '../../../src/contracts/clock.ts'
import { batchSize } from './batcher.ts'
import type { EntryFailure, VisibilityChange } from './api.ts'
import { isStaleReceipt } from './failures.ts'
import type { Lease } from './lease.ts'

export interface HeartbeatSettings {
  readonly clock: Clock
  /** Seconds that a message is hidden for at each extension. */
  readonly visibilityS: number
  /** At most ten changes. Rejects where none was carried out. */
  readonly setVisibility: (changes: readonly VisibilityChange[]) => Promise<readonly EntryFailure[]>
  /** Told when a lease that was kept alive has ended all the same. */
  readonly onLost: (lease: Lease) => void
}

/**
 * SQS ends a receipt 12 hours after the receive, and refuses extensions beyond that (@see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html).
 * The last half hour is left: whoever still works then should know in time that it is lost.
 */
export const longestLeaseMs = 11.5 * 3_600_000

/** Extends leases for as long as they are kept here: by the full timeout each time, when half of it has passed. */
export class Heartbeat {
  readonly #settings: HeartbeatSettings
  /** Next due first: each has the same time, and goes to the end when it was extended. */
  readonly #kept = new Map<Lease, number>()
  readonly #closing = new AbortController()
  #awake = false

  constructor(settings: HeartbeatSettings) {
    this.#settings = settings
  }

  keep(lease: Lease): void {
    this.#kept.set(lease, this.#settings.clock.now() + this.#intervalMs)
    if (!this.#awake) void this.#beat()
  }

  /** From now on it is extended no more; one extension may be under way (`Lease.extending`). */
  release(lease: Lease): void {
    this.#kept.delete(lease)
  }

  close(): void {
    this.#kept.clear()
    this.#closing.abort()
  }

  get #intervalMs(): number {
    return (this.#settings.visibilityS * 1_000) / 2
  }

  /** One timer for all: none that is added while it sleeps can be due before it wakes. */
  async #beat(): Promise<void> {
    const { clock } = this.#settings
    const { signal } = this.#closing
    this.#awake = true
    while (!signal.aborted && this.#kept.size > 0) {
      const now = clock.now()
      const due = this.#due(now)
      for (let start = 0; start < due.length; start += batchSize) this.#extend(due.slice(start, start + batchSize), now)
      const [next = now + this.#intervalMs] = this.#kept.values()
      await clock.sleep(Math.max(1, next - now), signal)
    }
    this.#awake = false
  }

  /** What is due now or nearly so: fewer calls, and no harm. Each is due again soon, until its extension has succeeded. */
  #due(now: number): readonly Lease[] {
    const due: Lease[] = []
    const horizon = now + this.#intervalMs / 5
    for (const [lease, at] of this.#kept) {
      if (at > horizon) break
      due.push(lease)
    }
    for (const lease of due) {
      this.#kept.delete(lease)
      if (lease.isOver(now)) this.#lose(lease)
      else this.#kept.set(lease, now + this.#intervalMs)
    }
    return due.filter((lease) => this.#kept.has(lease) && this.#isExtendable(lease, now))
  }

  /** A change of visibility may also shorten it: near the longest lease there is nothing to gain. */
  #isExtendable(lease: Lease, now: number): boolean {
    const seconds = this.#secondsFor(lease, now)
    return seconds > 0 && !lease.outlasts(now + seconds * 1_000)
  }

  #secondsFor({ since }: Lease, now: number): number {
    return Math.min(this.#settings.visibilityS, Math.floor((since + longestLeaseMs - now) / 1_000))
  }

  #extend(leases: readonly Lease[], now: number): void {
    const changes = leases.map((lease) => ({ receipt: lease.receipt, seconds: this.#secondsFor(lease, now) }))
    const over = this.#settings.setVisibility(changes).then(
      (failures) => {
        for (const [index, lease] of leases.entries())
          this.#extended(lease, failures[index], now + (changes[index]?.seconds ?? 0) * 1_000)
      },
      () => this.#again(leases),
    )
    for (const lease of leases) lease.extendingUntil(over)
  }

  #extended(lease: Lease, failure: EntryFailure, endsAt: number): void {
    if (failure === undefined) lease.extendedUntil(endsAt)
    else if (!isStaleReceipt(failure)) this.#again([lease])
    else if (this.#kept.delete(lease)) this.#lose(lease)
  }

  /** A failed extension is tried again after a tenth of the timeout, at the next beat's turn. */
  #again(leases: readonly Lease[]): void {
    const { clock } = this.#settings
    const soon = this.#intervalMs / 5
    void clock.sleep(soon, this.#closing.signal).then(() => {
      const now = clock.now()
      const kept = leases.filter((lease) => this.#kept.has(lease))
      const live = kept.filter((lease) => !lease.isOver(now) && this.#isExtendable(lease, now))
      for (const lease of kept) if (lease.isOver(now) && this.#kept.delete(lease)) this.#lose(lease)
      if (live.length > 0) this.#extend(live, now)
    })
  }

  #lose(lease: Lease): void {
    lease.end()
    this.#settings.onLost(lease)
  }
}
