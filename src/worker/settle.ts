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
  /** Everything failed while this attempt ran (`outage-watch.ts`). */
  readonly excused: boolean
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
  if (isSpent(judged)) return 'deadLetter'
  const isReturned = judged.draining && !judged.retriesLater && mayReturn(judged.deliveryCount)
  return isReturned ? 'return' : 'retry'
}

function isSpent({ attempt, maxAttempts, excused, ...judged }: Judged): boolean {
  if (attempt < maxAttempts) return false
  // A drain tries again at once what it may not let go: that has an end.
  return !excused || (judged.draining && !judged.retriesLater && !mayReturn(judged.deliveryCount))
}

/** What becomes of a delivery before anything is tried. */
export function beforeStart(passage: Passage): 'start' | 'deadLetter' {
  return passage.dead ? 'deadLetter' : 'start'
}

export function mayReturn(deliveryCount: number): boolean {
  return deliveryCount < returnLimit
}
