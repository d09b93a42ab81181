import type { Counts } from '../evidence/counts.ts'
import type { Histogram } from '../evidence/histogram.ts'

/** What the coordinator saw at one look. Totals never go down while a rollout runs: records of dead consumers are kept until its end. */
export interface Observation {
  readonly stable: VersionFacts
  readonly canary: VersionFacts
  /** Messages waiting in the hand-back queue; undefined when the broker could not be asked. */
  readonly handBackBacklog: number | undefined
  readonly backlog: number | undefined
  readonly oldestAgeMs: number | undefined
}

/** One version, over all its consumers, living and gone. */
export interface VersionFacts {
  /** Consumers that report, that have finished their warm-up and are linked to the queue, and that still hold or may take messages. */
  readonly live: number
  readonly ready: number
  readonly undrained: number
  readonly inFlight: number
  /** Slots of the live consumers. */
  readonly capacity: number
  readonly counts: Counts
  readonly durations: Histogram
  /** Messages held by consumers with an allocation that are found dead, without sign-off, at this look; a death counts as at least one. */
  readonly lost: number
  readonly eventLoopDelayMs: number | undefined
  readonly consumers: readonly ConsumerFacts[]
}

/** One live consumer, as its last report tells. */
export interface ConsumerFacts {
  readonly id: string
  readonly ready: boolean
  readonly capacity: number
  readonly inFlight: number
  readonly taken: number
  readonly harmed: number
}
