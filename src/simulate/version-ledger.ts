import { noCounts } from '../core/evidence/counts.ts'
import type { CountName } from '../core/evidence/counts.ts'
import type { CohortSide } from './cohort-ledger.ts'
import type { Chances } from './weather.ts'

/** Messages that began together and end together. */
export interface Batch {
  readonly messages: number
  readonly failed: number
  readonly endsMs: number
  readonly chances: Chances
  /** Where they are counted; undefined where nothing is compared. */
  readonly cohort: CohortSide | undefined
}

/** Counts of one version over all its processes, and what it has in flight. */
export class VersionLedger {
  readonly counts: Record<CountName, number> = { ...noCounts }
  #running: Batch[] = []
  #inFlight = 0

  /** Messages whose handlers outlast the interval in which they began. */
  get inFlight(): number {
    return this.#inFlight
  }

  begin(batch: Batch): void {
    if (batch.messages === 0) return
    this.counts.taken += batch.messages
    if (batch.cohort !== undefined) batch.cohort.dispatched += batch.messages
    this.#running.push(batch)
    this.#inFlight += batch.messages
  }

  /** Still running at that time. */
  runningAt(ms: number): number {
    let messages = 0
    for (const batch of this.#running) if (batch.endsMs > ms) messages += batch.messages
    return messages
  }

  /** Books what has ended until then, oldest first, and returns it. */
  endUntil(ms: number): readonly Batch[] {
    const running = this.#running
    let count = 0
    while (count < running.length && (running[count]?.endsMs ?? Infinity) <= ms) count++
    const ended = running.splice(0, count)
    for (const { messages, failed, cohort } of ended) {
      this.#inFlight -= messages
      this.counts.succeeded += messages - failed
      this.counts.failed += failed
      if (cohort === undefined) continue
      cohort.succeeded += messages - failed
      cohort.failed += failed
    }
    return ended
  }

  /** Everything in flight is lost: nobody will tell what became of it. */
  loseAll(): readonly Batch[] {
    const lost = this.#running
    this.#running = []
    this.#inFlight = 0
    return lost
  }
}
