import type { ConsumerReport } from '../core/rollout/consumer-report.ts'

/** A consumer whose beat stands still for this long, while this process watched, is dead. Longer than an allocation's life. */
export const livenessMs = 6_000

/** Tells the living from the dead by watching their beats change. What was never watched before is presumed alive. */
export class Liveness {
  readonly #seen = new Map<string, { readonly beat: number; readonly at: number }>()

  observe(reports: readonly ConsumerReport[], now: number): void {
    for (const { id, beat } of reports) {
      if (this.#seen.get(id)?.beat !== beat) this.#seen.set(id, { beat, at: now })
    }
    if (this.#seen.size > reports.length) this.#forget(new Set(reports.map(({ id }) => id)))
  }

  silentMs(id: string, now: number): number {
    const seen = this.#seen.get(id)
    return seen === undefined ? 0 : now - seen.at
  }

  isAlive(report: ConsumerReport, now: number): boolean {
    return report.state !== 'gone' && this.silentMs(report.id, now) < livenessMs
  }

  #forget(known: ReadonlySet<string>): void {
    for (const id of this.#seen.keys()) if (!known.has(id)) this.#seen.delete(id)
  }
}
