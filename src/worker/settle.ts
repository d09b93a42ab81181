import type { Delivery, Passage } from '../contracts/broker.ts'
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
  /** Whether failed messages wait at the broker. */
  readonly retriesLater: boolean
  readonly delivery: Returnable
}

/** What decides whether a message can be returned. */
export type Returnable = Pick<Delivery, 'returnsLeft'> & {
  readonly message: Pick<Delivery['message'], 'deliveryCount' | 'redelivered'>
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
  const isReturned = judged.draining && !judged.retriesLater && mayReturn(judged.delivery)
  return isReturned ? 'return' : 'retry'
}

function isSpent({ attempt, maxAttempts, excused, ...judged }: Judged): boolean {
  if (attempt < maxAttempts) return false
  // A drain tries again at once what it may not let go: that has an end.
  return !excused || (judged.draining && !judged.retriesLater && !mayReturn(judged.delivery))
}

/** What becomes of a delivery before anything is tried. */
export function beforeStart(passage: Passage, accepted: boolean): 'start' | 'deadLetter' | 'handOn' {
  if (passage.dead) return 'deadLetter'
  return accepted ? 'start' : 'handOn'
}

export function mayReturn({ message, returnsLeft }: Returnable): boolean {
  return message.deliveryCount < returnLimit && returnsLeft > 0
}

/**
 * Whether a canary leaves a message to others because the broker would soon dead-letter it: with a failure of the canary on top, it would be the one to
 * blame. A message that nobody had before is taken all the same; a broker that allows so few deliveries could otherwise have no canary.
 */
export function handsOn({ message, returnsLeft }: Returnable, returnsToSpare: number): boolean {
  return message.redelivered && returnsLeft <= returnsToSpare
}
