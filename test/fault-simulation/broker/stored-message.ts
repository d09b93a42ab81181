import type { HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'

/** One copy of a message in one queue. Copies of one message share its id. */
export interface StoredMessage {
  readonly id: string
  readonly group: string | undefined
  readonly handedBack: HandBackNote | undefined
  /** What was written when it was put off last. */
  readonly retried: RetryNote | undefined
  /** The queue that it left as a dead letter. */
  readonly deadFrom: string | undefined
  readonly position: number
  readonly sentAt: number
  /** Deliveries so far, and those that its queue counts. */
  deliveries: number
  counted: number
  /** Of the counted ones, those that a process of ours made by itself. */
  ownReturns: number
}

export type NewMessage = Pick<StoredMessage, 'id' | 'group' | 'handedBack' | 'retried' | 'deadFrom'>

/** One delivery, as the server made it: the truth that what processes claim is held against. */
export interface Dispatch {
  readonly number: number
  readonly message: StoredMessage
  readonly queue: string
  readonly container: string
}
