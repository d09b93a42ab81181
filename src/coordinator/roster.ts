import { isLinked } from '../contracts/broker.ts'
import { livenessMs } from '../core/liveness.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'

/** A link that is away for less is being restored or replaced: its consumer keeps its slots. */
const linkGraceMs = 2_000

/**
 * Everybody who reports, and how long they have been silent: the living are told from the dead by watching their beats change. Who was never
 * watched before is presumed alive. Times are watched time (`watch.ts`).
 */
export class Roster {
  readonly #known = new Map<string, Known>()

  observe(reports: readonly ConsumerReport[], at: number): void {
    for (const report of reports) {
      const before = this.#known.get(report.id)
      if (before !== undefined && report.beat < before.report.beat) continue
      this.#known.set(report.id, {
        report,
        beatAt: before?.report.beat === report.beat ? before.beatAt : at,
        linkedAt: isLinked(report.link) ? at : (before?.linkedAt ?? -Infinity),
      })
    }
  }

  /** The newest report of everybody. One that cannot be read any more stands as it was: its counts do not vanish. */
  get reports(): readonly ConsumerReport[] {
    return Array.from(this.#known.values(), ({ report }) => report)
  }

  /** Lets go of the dead who have no report any more. A store may have lost reports of the living, which come again. */
  forgetAllBut(reports: readonly ConsumerReport[], at: number): void {
    const present = new Set(reports.map(({ id }) => id))
    for (const [id, { report }] of this.#known)
      if (!present.has(id) && !this.isAlive(report, at)) this.#known.delete(id)
  }

  /** Its report has left the store. */
  forget(id: string): void {
    this.#known.delete(id)
  }

  silentMs(id: string, at: number): number {
    const known = this.#known.get(id)
    return known === undefined ? 0 : at - known.beatAt
  }

  isAlive({ id, state }: ConsumerReport, at: number): boolean {
    return state !== 'gone' && this.silentMs(id, at) < livenessMs
  }

  /** Warmed up, and linked to the queue now or a moment ago. */
  isReady({ id, state }: ConsumerReport, at: number): boolean {
    const known = this.#known.get(id)
    return state === 'ready' && known !== undefined && at - known.linkedAt < linkGraceMs
  }
}

interface Known {
  readonly report: ConsumerReport
  readonly beatAt: number
  readonly linkedAt: number
}
