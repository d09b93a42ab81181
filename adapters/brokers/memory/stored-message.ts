import type { HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'

/** What a publisher gives. */
export interface MemoryMessage {
  /** @default an id that is unique within the server */
  readonly id?: string
  readonly body: Uint8Array
  readonly headers?: Readonly<Record<string, unknown>>
  readonly contentType?: string
  readonly correlationId?: string
  /** Time to live in milliseconds. @default for ever */
  readonly ttlMs?: number
  /** What is of one group is to be handled in order. The server itself promises no order. @default none */
  readonly group?: string
}

/** Why a message left a queue as a dead letter. */
export interface Death {
  readonly queue: string
  readonly reason: 'rejected' | 'expired' | 'deliveryLimit'
}

/** A message as it lies in one queue. The part above the line is the same in every queue that it passes. */
export interface StoredMessage {
  readonly id: string
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, unknown>>
  readonly contentType: string | undefined
  readonly correlationId: string | undefined
  readonly group: string | undefined
  readonly sentAt: { readonly now: number; readonly wall: number }
  readonly handedBack: HandBackNote | undefined
  /** Of the last retry; `isBack` as long as nothing else has happened to the message since. */
  readonly retried: { readonly note: RetryNote; readonly isBack: boolean } | undefined
  readonly deaths: readonly Death[]
  // ---
  /** Its place in the queue, kept when it is returned. */
  readonly position: number
  /** On the server's clock. */
  readonly expiresAt: number | undefined
  /** Returns so far. */
  returns: number
  /** Deliveries so far. */
  deliveries: number
}

export const noHeaders: Readonly<Record<string, unknown>> = Object.freeze({})

/** What a message that goes another way keeps of its last retry. */
export function elsewhere({ retried }: StoredMessage): Pick<StoredMessage, 'retried'> {
  return { retried: retried && { ...retried, isBack: false } }
}
