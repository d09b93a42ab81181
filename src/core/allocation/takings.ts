import type { ConsumerReport } from '../rollout/consumer-report.ts'

type Taking = Pick<ConsumerReport, 'id' | 'counts' | 'uptimeMs'>

/** A consumer reports once a second at least, and looks are up to 600 ms apart: what a report tells of in a longer time was held up. */
const heldUpMs = 2_000

/**
 * Counts the messages that reports tell of, and tells those apart that passed earlier: a report that was held up (a store that did not answer, a
 * process that stood still) tells of the past, and no canary is to have as many messages again. Of its messages those are of now that fell on
 * the time since the last look.
 */
export class Takings {
  #known: ReadonlyMap<string, Taking> = new Map()
  #lookedAt: number | undefined
  #timely = 0
  #belated = 0

  /** `reports` are those of everybody, at `now` milliseconds of the reader's clock. */
  look(reports: readonly Taking[], now: number): void {
    const sinceMs = now - (this.#lookedAt ?? now)
    for (const report of reports) this.#book(this.#known.get(report.id), report, sinceMs)
    this.#known = new Map(reports.map((report) => [report.id, report]))
    this.#lookedAt = now
  }

  /** Messages that passed as they were told, since the first look. */
  get timely(): number {
    return this.#timely
  }

  /** Messages that had passed before, since the last `settle`. */
  get belated(): number {
    return this.#belated
  }

  /** A decision that knows of the belated ones stands. */
  settle(): void {
    this.#belated = 0
  }

  #book(before: Taking | undefined, report: Taking, sinceMs: number): void {
    if (before === undefined) return
    const messages = Math.max(0, report.counts.taken - before.counts.taken)
    const tellsOfMs = report.uptimeMs - before.uptimeMs
    const timely = tellsOfMs > heldUpMs ? messages * Math.min(1, sinceMs / tellsOfMs) : messages
    this.#timely += timely
    this.#belated += messages - timely
  }
}
