import type { ClientPlace } from './broker-model.ts'
import type { SqsServer } from './sqs-server.ts'

/** SQS as subscriptions and deliveries of one process reach it. */
export interface SqsLink {
  readonly server: SqsServer
  readonly place: ClientPlace
  /** One request. It may be done although the answer never comes; then it rejects. */
  ask<T>(act: (answer: (result: T) => void) => void, patienceMs?: number): Promise<T>
}
