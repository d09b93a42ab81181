import type { Counts } from '../evidence/counts.ts'
import type { ExternalReading } from '../evidence/external.ts'
import type { Histogram } from '../evidence/histogram.ts'
import type { Freeze } from '../policy/freeze.ts'
import type { CohortFacts } from './cohort-clock.ts'
import type { Peers } from './group.ts'

/** What the coordinator saw at one look. Totals go down while a rollout runs only where the store has lost reports: those of dead consumers are kept until its end. */
export interface Observation {
  readonly stable: VersionFacts
  readonly canary: VersionFacts
  /** Messages waiting in the hand-back queue; undefined when the broker could not be asked, or is not believed. */
  readonly handBackBacklog: number | undefined
  readonly backlog: number | undefined
  readonly oldestAgeMs: number | undefined
  /** Whether the stable version is handed what the canary failed. */
  readonly handsBack: boolean
  /** First attempts by cohort. */
  readonly cohorts: Readonly<Record<number, CohortFacts>>
  /** The longest that a handler of either version may take. */
  readonly handlerTimeoutMs: number
  /** The newest answer for each external metric, by its name; absent where there is none yet. */
  readonly external: Readonly<Record<string, ExternalReading>>
  /** The freeze of the policy that holds now, by the coordinator's clock. */
  readonly freeze: Freeze | undefined
  /** The other queues of the rollout's group, by name. */
  readonly peers: Peers
}

/** One version, over all its consumers, living and gone. */
export interface VersionFacts {
  /** Consumers that report; of these, warmed up, linked to the queue, and not at rest because they refuse the document; and not drained yet. */
  readonly live: number
  readonly ready: number
  readonly undrained: number
  /** Live ones that take messages, or have some in flight. */
  readonly holding: number
  /** Ready ones that do not know of the rollout yet: they report at leisure, and what they last told is old. */
  readonly unaware: number
  readonly inFlight: number
  /** Slots of the ready consumers, and of those that have signed off or drained. */
  readonly capacity: number
  readonly signedOff: number
  readonly counts: Counts
  readonly durations: Histogram
  /** Failed attempts by the class of what was thrown. */
  readonly errors: Readonly<Record<string, number>>
  /** Consumers with an allocation that are silent without having signed off: what they last told. Empty for the stable version. */
  readonly dead: readonly DeadConsumer[]
  readonly eventLoopDelayMs: number | undefined
  readonly consumers: readonly ConsumerFacts[]
}

/** A death counts as the failure of every message that was held, and of one at least; of none beyond what was allowed to fail. */
export function lostWith({ inFlight, harmed, failures }: DeadConsumer): number {
  return Math.min(Math.max(1, inFlight), Math.max(0, failures - harmed))
}

/** One consumer, as its last report tells. */
export interface ConsumerFacts {
  readonly id: string
  readonly ready: boolean
  readonly capacity: number
  readonly inFlight: number
  readonly taken: number
  readonly harmed: number
}

export interface DeadConsumer extends ConsumerFacts {
  /** Of its allocation: failures that it was allowed in all. */
  readonly failures: number
}
