import type { ConsumerSpec } from '../lab/protocol.ts'

export const consumerNames = [
  'amqplib',
  'amqplib-runs',
  'rascal',
  'amqp-connection-manager',
  'rabbitmq-client',
  'queue-canary',
  'sqs-loop',
  'sqs-consumer',
  'queue-canary-sqs',
] as const
export type ConsumerName = (typeof consumerNames)[number]

/** Handles one message, given its headers; never rejects. */
export type Handle = (headers: Readonly<Record<string, unknown>> | undefined) => Promise<void>

export interface RunningConsumer {
  close(): Promise<void>
}

/** Resolves once the consumer is known to the broker. */
export type StartConsumer = (spec: ConsumerSpec, handle: Handle) => Promise<RunningConsumer>
