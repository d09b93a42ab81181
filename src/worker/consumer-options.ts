import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { HandlerDefinition } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { ConsumerState, DrainReport } from '../core/rollout/consumer-report.ts'
import type { QueueRecords } from '../records/queue-records.ts'

/** The limits that a consumer works within. */
export interface ConsumerLimits {
  readonly concurrency: number
  readonly prefetch: number
  readonly handlerTimeoutMs: number
  readonly maxAttempts: number
  readonly retryDelayMs: number
  readonly warmUpTimeoutMs: number
  readonly drainTimeoutMs: number
}

/** What moves the queue's rollout while this consumer may do so (`coordinator/coordinator.ts`). */
export interface Coordination {
  tick(): Promise<{ readonly active: boolean }>
  release(): Promise<void>
}

export interface ConsumerOptions {
  readonly id: string
  readonly worker: string
  readonly version: string
  readonly handler: HandlerDefinition
  readonly broker: Broker
  readonly records: QueueRecords
  readonly coordinator: Coordination
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
