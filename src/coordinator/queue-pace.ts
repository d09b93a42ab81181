import { PaceMeter } from '../core/allocation/pace-meter.ts'
import type { Pace } from '../core/allocation/permits.ts'
import { Takings } from '../core/allocation/takings.ts'
import type { Observation } from '../core/rollout/observation.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { Rollout } from '../core/rollout/rollout.ts'

export interface PaceLook {
  readonly reports: readonly ConsumerReport[]
  readonly seen: Observation
  /** Milliseconds of the coordinator's clock. */
  readonly now: number
  /** Since the look before. */
  readonly sinceMs: number
}

/** How fast the queue of a rollout moves, as its consumers tell. A new coordinator begins at standstill. */
export class QueuePace {
  #meter = new PaceMeter()
  #takings = new Takings()

  reset(): void {
    this.#meter = new PaceMeter()
    this.#takings = new Takings()
  }

  look({ stable, canary, stepElapsedMs }: Rollout, { reports, seen, now, sinceMs }: PaceLook): Pace {
    const takers = reports.filter(({ version }) => version === stable || version === canary)
    this.#takings.look(takers, now, stepElapsedMs + sinceMs)
    // Who does not know of the rollout yet reports at leisure.
    if (seen.stable.unaware > 0) this.#meter = new PaceMeter()
    else this.#meter.look(this.#takings.timely, now)
    return { ...this.#meter.pace, belated: this.#takings.takeBelated() }
  }
}
