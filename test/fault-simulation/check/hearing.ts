import { livenessMs } from '../../../src/core/liveness.ts'

/** Nearly as long as who is silent is taken to live. */
const silentMs = livenessMs - 200

/** Whose reports the coordinator can know: who was silent for long is not heard of again at once. */
export class Hearing {
  readonly #reports = new Map<string, { readonly since: number; readonly last: number }>()

  /** A process has written a report. */
  heard(container: string, at: number): void {
    const before = this.#reports.get(container)
    const goesOn = before !== undefined && at - before.last < silentMs
    this.#reports.set(container, { since: goesOn ? before.since : at, last: at })
  }

  isHeard(container: string, at: number, newsMs: number): boolean {
    const known = this.#reports.get(container)
    return known !== undefined && at - known.last < silentMs && at - known.since >= newsMs
  }
}
