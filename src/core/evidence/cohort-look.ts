import { addDispersion } from './dispersion.ts'
import type { Dispersion } from './dispersion.ts'
import { addWindows } from './duration-window.ts'
import type { Attempts } from './half-space.ts'
import type { LookDurations } from './latency-test.ts'

/** What the judge takes in at a time: all messages whose handling began in one cohort, or in several that follow one another. */
export interface CohortLook {
  /** Its first and its last cohort. */
  readonly first: number
  readonly last: number
  /** The newest cohort that had begun when this look was closed: what the look teaches is assumed only of later ones. */
  readonly opened: number
  /** The canary's target share while its messages were taken. */
  readonly target: number
  /** From the end of the look before to the end of this one. */
  readonly elapsedMs: number
  readonly canary: Attempts
  readonly stable: Attempts
  /** Of succeeded first attempts; undefined where nobody measures them. */
  readonly durations: LookDurations | undefined
  /** Among the stable consumers; undefined where they are not counted apart. */
  readonly dispersion: Dispersion | undefined
}

/** Two looks as one; `later` follows `earlier`. */
export function joinLooks(earlier: CohortLook, later: CohortLook): CohortLook {
  return {
    first: earlier.first,
    last: later.last,
    opened: later.opened,
    target: earlier.target,
    elapsedMs: earlier.elapsedMs + later.elapsedMs,
    canary: addAttempts(earlier.canary, later.canary),
    stable: addAttempts(earlier.stable, later.stable),
    durations: both(earlier.durations, later.durations, (a, b) => ({
      canary: addWindows(a.canary, b.canary),
      stable: addWindows(a.stable, b.stable),
    })),
    dispersion: both(earlier.dispersion, later.dispersion, addDispersion),
  }
}

export function addAttempts(a: Attempts, b: Attempts): Attempts {
  return { messages: a.messages + b.messages, failed: a.failed + b.failed }
}

function both<T>(a: T | undefined, b: T | undefined, add: (a: T, b: T) => T): T | undefined {
  return a === undefined || b === undefined ? (a ?? b) : add(a, b)
}
