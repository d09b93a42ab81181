import type { MemoryQueue } from './memory-queue.ts'
import type { Consumer } from './rotation.ts'
import type { StoredMessage } from './stored-message.ts'

export interface LinkOwner {
  readonly precedence: 'normal' | 'ahead'
  readonly maxUnsettled: number
  /** Whether it still wants messages and has permits for them. */
  wantsMore(): boolean
  receive(link: MemoryLink, message: StoredMessage): void
}

/** One unbroken connection of a subscription to its queue, and what is unsettled on it. */
export class MemoryLink implements Consumer {
  readonly queue: MemoryQueue
  readonly precedence: 'normal' | 'ahead'
  readonly #owner: LinkOwner
  readonly #unsettled = new Set<StoredMessage>()
  #live = true

  constructor(queue: MemoryQueue, owner: LinkOwner) {
    this.queue = queue
    this.precedence = owner.precedence
    this.#owner = owner
    queue.attach(this)
  }

  get live(): boolean {
    return this.#live
  }

  get taking(): boolean {
    return this.#owner.wantsMore()
  }

  hasRoom(): boolean {
    return this.#unsettled.size < this.#owner.maxUnsettled && this.#owner.wantsMore()
  }

  deliver(message: StoredMessage): void {
    this.#unsettled.add(message)
    this.#owner.receive(this, message)
  }

  settle(message: StoredMessage): void {
    if (this.#unsettled.delete(message)) this.queue.wake()
  }

  /** The link is lost or closed: what is unsettled goes back. */
  end(): void {
    this.#live = false
    this.queue.detach(this)
    const returning = [...this.#unsettled].toReversed()
    this.#unsettled.clear()
    for (const message of returning) this.queue.putBack(message)
  }
}
