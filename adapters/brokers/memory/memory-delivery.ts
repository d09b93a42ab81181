import type { Delivery, HandBackNote, Passage, RetryNote } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import type { MemoryLink } from './memory-link.ts'
import { noHeaders } from './stored-message.ts'
import type { StoredMessage } from './stored-message.ts'

/**
 * Moves an unsettled message to where it goes, not within the call. Resolves false when its link was lost meanwhile, rejects when there is no
 * such queue.
 */
export type HandOver<Note> = (message: StoredMessage, note: Note, link: MemoryLink) => Promise<boolean>

export interface HandOvers {
  readonly handOver: HandOver<HandBackNote>
  readonly wait: HandOver<RetryNote>
}

export class MemoryDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly returnsLeft: number
  readonly #link: MemoryLink
  readonly #stored: StoredMessage
  readonly #handOvers: HandOvers
  #state: 'open' | 'handingOver' | 'settled' = 'open'

  constructor(stored: StoredMessage, passage: Passage, link: MemoryLink, handOvers: HandOvers) {
    this.message = asMessage(stored, link.queue.options.countsDeliveries ?? true)
    this.passage = passage
    this.returnsLeft = Math.max(0, (link.queue.options.deliveryLimit ?? Infinity) - stored.returns)
    this.#link = link
    this.#stored = stored
    this.#handOvers = handOvers
  }

  get isVoid(): boolean {
    return !this.#link.live
  }

  ack(): boolean {
    if (!this.#open) return false
    this.#state = 'settled'
    this.#link.settle(this.#stored)
    return true
  }

  requeue(): boolean {
    if (!this.ack()) return false
    this.#link.queue.putBack(this.#stored)
    return true
  }

  deadLetter(): boolean {
    if (!this.ack()) return false
    this.#link.queue.deadLetter(this.#stored, 'rejected')
    return true
  }

  handBack(note: HandBackNote): Promise<boolean> {
    return this.#handOver((stored, link) => this.#handOvers.handOver(stored, note, link))
  }

  retryLater(note: RetryNote): Promise<boolean> {
    return this.#handOver((stored, link) => this.#handOvers.wait(stored, note, link))
  }

  async #handOver(move: (stored: StoredMessage, link: MemoryLink) => Promise<boolean>): Promise<boolean> {
    if (!this.#open) return false
    this.#state = 'handingOver'
    try {
      const isMoved = await move(this.#stored, this.#link)
      if (isMoved) this.#state = 'settled'
      return isMoved
    } finally {
      if (this.#state === 'handingOver') this.#state = 'open'
    }
  }

  get #open(): boolean {
    return this.#state === 'open' && this.#link.live
  }
}

/** Bytes and headers are copies: what a handler does to them is not seen by the next one. */
function asMessage(stored: StoredMessage, countsDeliveries: boolean): BrokerMessage {
  return {
    id: stored.id,
    body: Buffer.from(stored.body),
    headers: stored.headers === noHeaders ? noHeaders : structuredClone(stored.headers),
    deliveryCount: countsDeliveries ? stored.returns : 0,
    redelivered: stored.deliveries > 0 || stored.retried?.isBack === true,
    group: stored.group,
    enqueuedAt: new Date(stored.sentAt.wall),
  }
}
