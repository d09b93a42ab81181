import type { Delivery, HandBackNote, Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import type { MemoryLink } from './memory-link.ts'
import { noHeaders } from './stored-message.ts'
import type { StoredMessage } from './stored-message.ts'

/**
 * Moves an unsettled message to the hand-back queue, not within the call. Resolves false when its link was lost meanwhile, rejects when there
 * is no such queue.
 */
export type HandOver = (message: StoredMessage, note: HandBackNote, link: MemoryLink) => Promise<boolean>

export class MemoryDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly returnsLeft: number
  readonly #link: MemoryLink
  readonly #stored: StoredMessage
  readonly #handOver: HandOver
  #state: 'open' | 'handingBack' | 'settled' = 'open'

  constructor(stored: StoredMessage, passage: Passage, link: MemoryLink, handOver: HandOver) {
    this.message = asMessage(stored, link.queue.options.countsDeliveries ?? true)
    this.passage = passage
    this.returnsLeft = Math.max(0, (link.queue.options.deliveryLimit ?? Infinity) - stored.returns)
    this.#link = link
    this.#stored = stored
    this.#handOver = handOver
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

  async handBack(note: HandBackNote): Promise<boolean> {
    if (!this.#open) return false
    this.#state = 'handingBack'
    try {
      const handedBack = await this.#handOver(this.#stored, note, this.#link)
      if (handedBack) this.#state = 'settled'
      return handedBack
    } finally {
      if (this.#state === 'handingBack') this.#state = 'open'
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
    redelivered: stored.deliveries > 0,
    group: stored.group,
    enqueuedAt: new Date(stored.sentAt.wall),
  }
}
