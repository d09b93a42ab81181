import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { BatchSettings, HandlerDefinition } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Revision } from '../contracts/store.ts'
import type { ConsumerState, DrainReport } from '../core/rollout/consumer-report.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import type { QueueRecords } from '../records/queue-records.ts'

/** The limits that a consumer works within. */
export interface ConsumerLimits {
  readonly concurrency: number
  readonly prefetch: number
  readonly handlerTimeoutMs: number
  readonly maxAttempts: number
  readonly retryDelayMs: number
  readonly outagePatienceMs: number
  readonly warmUpTimeoutMs: number
  readonly drainTimeoutMs: number
}

/** What moves the queue's rollout while this consumer may do so (`coordinator/coordinator.ts`). */
export interface Coordination {
  /** One look, and whether it is the one that moves it. */
  tick(): Promise<{ readonly leads: boolean }>
  release(): Promise<void>
}

/** See `automatic-start.ts`. */
export interface NewcomerStart {
  consider(document: { readonly state: QueueState; readonly revision: Revision }, isReady: boolean): Promise<void>
}

export interface ConsumerOptions {
  readonly id: string
  readonly worker: string
  readonly version: string
  readonly handler: HandlerDefinition
  /** Over what the handler says, where it handles batches. */
  readonly batch: Partial<BatchSettings>
  readonly broker: Broker
  readonly records: QueueRecords
  readonly coordinator: Coordination
  /** Starts a rollout of the consumer's version where that is new; undefined: nobody does by themselves. */
  readonly automatic: NewcomerStart | undefined
  /** Whether its version takes charge of a queue that nobody has registered for; the canary of solo mode never does. */
  readonly registers: boolean
  readonly limits: ConsumerLimits
  readonly whenRetired: 'exit' | 'idle'
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly newId: () => string
  readonly onState: (state: ConsumerState) => void
}

/**
 * `retired`: the version takes no message again. `renewed`: it was drained, and has something to do again: a new incarnation must do it.
 * `failed`: the handler cannot go on.
 */
export interface ConsumerEnd {
  readonly reason: 'retired' | 'renewed' | 'drained' | 'stopped' | 'failed'
  readonly error: unknown
  readonly drain: DrainReport | undefined
}
