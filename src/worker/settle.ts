import type { Passage } from '../contracts/broker.ts'
import type { Role } from './work.ts'
import type { Outcome } from './tally.ts'

export type Action = 'ack' | 'retry' | 'deadLetter' | 'handBack' | 'return'

export interface Judged {
  readonly role: Role
  /** `abandoned`: given up by a drain whose time was over. */
  readonly outcome: Outcome | 'abandoned'
  readonly attempt: number
  readonly maxAttempts: number
  readonly source: 'queue' | 'handBack'
  readonly handBackCapable: boolean
  readonly draining: boolean
  readonly deliveryCount: number
  /** Whether failed messages wait at the broker. */
  readonly retriesLater: boolean
}

/**
 * From this count on a message is not returned unless it must be: brokers drop or dead-letter what was delivered too often (RabbitMQ 4 after
 * 20 deliveries), and our own returns must never be the reason.
 */
export const returnLimit = 10

/** What becomes of a message by the outcome of one attempt. A canary never tries twice, and never dead-letters what the stable version may mend. */
export function afterOutcome(judged: Judged): Action {
  if (judged.outcome === 'succeeded') return 'ack'
  if (judged.role === 'canary') return judged.handBackCapable && judged.source === 'queue' ? 'handBack' : 'return'
  if (judged.outcome === 'abandoned') return 'return'
  if (judged.attempt >= judged.maxAttempts) return 'deadLetter'
  const isReturned = judged.draining && !judged.retriesLater && mayReturn(judged.deliveryCount)
  return isReturned ? 'return' : 'retry'
}

/** What becomes of a delivery before anything is tried. */
export function beforeStart(passage: Passage, accepted: boolean): 'start' | 'deadLetter' | 'handOn' {
  if (passage.dead) return 'deadLetter'
  return accepted ? 'start' : 'handOn'
}

export function mayReturn(deliveryCount: number): boolean {
  return deliveryCount < returnLimit
}
