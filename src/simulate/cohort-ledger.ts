import { noDurations } from '../core/evidence/duration-window.ts'
import type { DurationWindow } from '../core/evidence/duration-window.ts'
import type { CohortClock, CohortFacts } from '../core/rollout/cohort-clock.ts'

/** What one version began in a cohort: how it is, and how it was when it was last reported. */
export interface CohortSide {
  dispatched: number
  succeeded: number
  failed: number
  readonly told: {
    dispatched: number
    succeeded: number
    failed: number
    /** Not late; undefined where nobody measures them. */
    durations: DurationWindow | undefined
  }
}

export interface LedgerCohort {
  readonly number: number
  readonly canary: CohortSide
  readonly stable: CohortSide
}

/** First attempts by the cohort in which they began, as the workers of a fleet count and report them together. */
export class CohortLedger {
  readonly #measuresDurations: boolean
  readonly #open: LedgerCohort[] = []
  readonly #told: Record<number, CohortFacts> = {}

  constructor(measuresDurations: boolean) {
    this.#measuresDurations = measuresDurations
  }

  /** As of the last report. The records in it are changed by the next one. */
  get told(): Readonly<Record<number, CohortFacts>> {
    return this.#told
  }

  /** The cohort in which messages begin from now on; undefined where nothing is compared. What is closed is forgotten. */
  turnTo(clock: CohortClock | undefined): LedgerCohort | undefined {
    if (clock === undefined) return undefined
    for (let oldest = this.#open[0]; oldest !== undefined; oldest = this.#open[0]) {
      if (oldest.number > clock.progress.closed) break
      this.#open.shift()
      delete this.#told[oldest.number]
    }
    const newest = this.#open.at(-1)
    return newest?.number === clock.current.number ? newest : this.#begin(clock.current.number)
  }

  report(): void {
    for (const { canary, stable } of this.#open) {
      tell(canary)
      tell(stable)
    }
  }

  #begin(number: number): LedgerCohort {
    const cohort = { number, canary: this.#newSide(), stable: this.#newSide() }
    this.#open.push(cohort)
    this.#told[number] = { canary: cohort.canary.told, stable: cohort.stable.told, stableConsumers: [] }
    return cohort
  }

  #newSide(): CohortSide {
    const durations = this.#measuresDurations ? noDurations : undefined
    return { dispatched: 0, succeeded: 0, failed: 0, told: { dispatched: 0, succeeded: 0, failed: 0, durations } }
  }
}

function tell(side: CohortSide): void {
  const { told } = side
  told.dispatched = side.dispatched
  told.succeeded = side.succeeded
  told.failed = side.failed
}
