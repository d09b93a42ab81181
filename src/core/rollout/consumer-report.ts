import type { Tally } from '../evidence/cohorts.ts'
import type { Counts } from '../evidence/counts.ts'
import type { Histogram } from '../evidence/histogram.ts'
import type { Order } from './order.ts'

/**
 * What one incarnation of one consumer tells. Rewritten whole each time; everything in it is cumulative, so a lost or repeated report does no
 * harm. Others judge whether it lives by watching `beat` change.
 */
export interface ConsumerReport {
  readonly id: string
  readonly worker: string
  readonly version: string
  readonly beat: number
  /** Wall clock of the report, milliseconds since 1970: for display, never for a decision. */
  readonly at: number
  /** Milliseconds since the consumer began, by a clock of its own that nobody sets; 0 where it does not tell. */
  readonly uptimeMs: number
  readonly state: ConsumerState
  /** The link to the queue, as the broker adapter names it, and what is wrong where something is. */
  readonly link: string
  readonly linkReason: string | undefined
  /** The newest allocation it obeyed. */
  readonly obeyed: Order | undefined
  /** Slots when unthrottled. */
  readonly capacity: number
  readonly inFlight: number
  /** Slots held by handlers that run on after their time was over. */
  readonly stuck: number
  readonly counts: Counts
  /** Durations of succeeded first attempts. */
  readonly durations: Histogram
  /** First attempts by the number of the cohort in which they began, as far as no coordinator has taken them in. */
  readonly cohorts: Readonly<Record<number, CohortReport>>
  /** Failed attempts by the class of what was thrown. */
  readonly errors: Readonly<Record<string, number>>
  /** The longest that one attempt may take, in milliseconds. */
  readonly handlerTimeoutMs: number
  /** 99th percentile of the event loop's delay since the last report, in milliseconds. */
  readonly eventLoopDelayMs: number
  readonly drain: DrainReport | undefined
  /** Which messages the version accepts, and what became of others; undefined where it accepts all. */
  readonly contract: ContractReport | undefined
}

export interface ContractReport {
  readonly header: string
  readonly range: string
  /** How often a message was not accepted: one that goes round counts each time. */
  readonly unaccepted: number
  /** Messages that this consumer has put off and that are not back yet. */
  readonly waiting: number
}

/** First attempts that began in one cohort. What went back to the queue without an outcome is taken out of `dispatched` again. */
export interface CohortReport extends Tally {
  /** Of the succeeded ones. */
  readonly durations: Histogram
}

/** `gone` is the sign-off: final counts, nothing held any more. A consumer that dies without it is evidence against its version. */
export const consumerStates = ['starting', 'ready', 'draining', 'drained', 'gone'] as const
export type ConsumerState = (typeof consumerStates)[number]

/** It holds no message any more, and its last counts are final. */
export function hasEnded({ state }: Pick<ConsumerReport, 'state'>): boolean {
  return state === 'drained' || state === 'gone'
}

export interface DrainReport {
  /** Messages that ended by themselves / went back unstarted / were given up at the deadline. */
  readonly finished: number
  readonly returned: number
  readonly abandoned: number
  readonly durationMs: number
  readonly onTime: boolean
}
