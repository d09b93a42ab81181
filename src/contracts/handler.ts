import type { Logger } from './logger.ts'
import type { BrokerMessage } from './message.ts'

/** What a handler gets: the broker's message, and its body parsed on demand. */
export interface Message<T = unknown> extends BrokerMessage {
  /** The body as JSON. Throws `SyntaxError` where it is none, which counts as a failure like any other throw. */
  json(): T
}

export interface HandlerContext {
  /** Aborts when the handler's time is over, or when a drain has run into its deadline. */
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

export interface HandlerDefinition<T = unknown> {
  readonly handle: Handle<T>
  /** @default every message */
  readonly accepts?: Accepts
  /** Finished before the first message; the consumer is not ready until then. A rejection stops the consumer. */
  readonly warmUp?: (context: { readonly signal: AbortSignal }) => unknown
  /** Runs once after the drain. */
  readonly close?: () => unknown
}

/** What a handler module exports by default. */
export type Handler<T = unknown> = HandlerDefinition<T> | Handle<T>
