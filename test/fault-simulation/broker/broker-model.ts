import type { Broker, HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'
import type { Container } from '../time/container.ts'
import type { Timeline } from '../time/timeline.ts'
import type { Cut, Distance } from './connection.ts'
import type { Return } from './profiles.ts'
import type { Dispatch, StoredMessage } from './stored-message.ts'

export const queueName = 'orders'
export const handBackName = 'orders.queue-canary.hand-back'
export const deadName = 'orders.dead'
export const retryName = 'orders.queue-canary.retry'

/** What a broker knows to have happened, told to whoever holds it against the invariants. */
export interface BrokerWitness {
  added(message: StoredMessage, queue: string): void
  /** `claimed`: the delivery that the process meant; undefined where nobody asked for it. */
  settled(dispatch: Dispatch, how: 'ack' | 'deadLetter' | Return, claimed: number | undefined): void
  /** A settlement came over a channel that never brought its delivery. */
  misdirected(claimed: number): void
  /** A hand-back is in its queue. */
  handedBack(message: StoredMessage, claimed: number): void
  /** A copy waits for its next attempt, or to be given up, or the message itself; `claimed` is the delivery that it was made of. */
  putOff(message: StoredMessage, claimed: number, isCopy: boolean): void
  /** The copy is in no queue and in nobody's hands any more. */
  removed(message: StoredMessage, how: Removed): void
}

/** `due`: another copy is in the queue that it was taken from. */
export type Removed = 'ack' | 'deadLetter' | 'deliveryLimit' | 'due'

/** A broker as the world sees it. */
export interface BrokerModel {
  isUp: boolean
  publish(id: string): void
  depth(queue: string): number
  /** Messages in somebody's hands, or put off. */
  readonly unsettled: number
  /** Publishers wait for so long, as under a memory alarm. */
  block(ms: number): void
  /** The server ends what the process has open, while the connection lives. */
  endChannels(container: Container): void
}

export interface ClientPlace {
  readonly container: Container
  readonly timeline: Timeline
  readonly distance: Distance
  readonly handsBack: boolean
  readonly keepsRetries: boolean
}

/** A broker as one process has it. */
export interface BrokerClient extends Broker {
  /** The network between the process and the broker breaks, and stays broken for `awayMs`. */
  cut(how: Cut, awayMs: number): void
}

/** An adapter may keep a message longer than it was told, and never for less than a second. */
export function retryMs({ delayMs }: RetryNote): number {
  return Math.max(1_000, 1.3 * delayMs)
}

export type { HandBackNote }
