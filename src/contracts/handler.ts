import type { Logger } from './logger.ts'
import type { BrokerMessage } from './message.ts'

/** What a handler gets: the broker's message, and its body parsed on demand. */
export interface Message<T = unknown> extends BrokerMessage {
  /** The body as JSON. Throws `SyntaxError` where it is none, which counts as a failure like any other throw. */
  json(): T
}

export interface HandlerContext {
  /**
   * Aborts when the handler's time is over, when a drain has run into its deadline, and (but for batches) within a second after the broker gave the
   * message to somebody else, because the connection or the lease was lost. What it throws for that reason (an `AbortError`) is no failure then.
   */
  readonly signal: AbortSignal
  readonly log: Logger
  /** The version that handles the message, and its part in the release at this moment. */
  readonly version: string
  readonly role: 'stable' | 'canary'
  /** 1 for the first attempt at the message; counts over deliveries and processes, as far as the broker keeps a record. */
  readonly attempt: number
}

/** Returning is success. Throwing anything, also `undefined`, is a failure and never a crash. */
export type Handle<T = unknown> = (message: Message<T>, context: HandlerContext) => unknown

/**
 * Contract versions: which messages a version can handle, told by a header. Others go to a version that accepts them, and wait where none lives. A
 * message without the header is accepted by all; one whose header is no version is accepted by none.
 */
export interface Accepts {
  /** Name of the header (of the attribute, on SQS). Its value is a number or a text: `2`, `2.1`, `v2.1.0`. */
  readonly header: string
  /** A range as npm knows them: `>=2 <4`, `^2.1 || 5`, `2.x`. */
  readonly range: string
}

/** A message of a batch: `attempt` counts for itself. */
export interface BatchMessage<T = unknown> extends Message<T> {
  /** As in `HandlerContext`. */
  readonly attempt: number
}

/** What is the same for all messages of a batch. */
export type BatchContext = Omit<HandlerContext, 'attempt'>

/**
 * Messages in the order in which they came, at least one. Throwing anything is a failure of all of them. Returning nothing is success of all;
 * returning failures is success of the others. Anything else that is returned, and the id of a message that is not in the batch, is a mistake of
 * the handler, and a failure of all: nobody can tell what it meant.
 */
export type HandleBatch<T = unknown> = (messages: readonly BatchMessage<T>[], context: BatchContext) => unknown

export interface BatchResult {
  readonly failures: readonly BatchFailure[]
}

export interface BatchFailure {
  /** Of the message. Messages of the same id fail together. */
  readonly id: string
  /** What a handler of one message would have thrown. */
  readonly reason?: unknown
}

export interface BatchSettings {
  /** Messages at most, 1 to 10,000. Never more than the consumer may have in flight. @default 10 */
  readonly size: number
  /**
   * How long the first message waits for others, in milliseconds up to 60,000. What is lost meanwhile, or waits on a canary that is taken back, is
   * returned without being handled. @default 50
   */
  readonly lingerMs: number
}

export interface HandlerLife {
  /** @default every message */
  readonly accepts?: Accepts
  /** Finished before the first message; the consumer is not ready until then. A rejection stops the consumer. */
  readonly warmUp?: (context: { readonly signal: AbortSignal }) => unknown
  /** Runs once after the drain. */
  readonly close?: () => unknown
}

export interface SingleHandler<T = unknown> extends HandlerLife {
  readonly handle: Handle<T>
  readonly handleBatch?: undefined
  readonly batch?: undefined
}

export interface BatchHandler<T = unknown> extends HandlerLife {
  readonly handle?: undefined
  readonly handleBatch: HandleBatch<T>
  readonly batch?: Partial<BatchSettings>
}

/** One message at a time, or several. */
export type HandlerDefinition<T = unknown> = SingleHandler<T> | BatchHandler<T>

/** What a handler module exports by default. */
export type Handler<T = unknown> = HandlerDefinition<T> | Handle<T>
