import type { Clock } from '../../../src/contracts/clock.ts'
import { ReadyList } from './ready-list.ts'
import { Rotation } from './rotation.ts'
import type { Consumer } from './rotation.ts'
import type { Death, StoredMessage } from './stored-message.ts'

export interface QueueOptions {
  /** Whether deliveries carry the number of returns, as quorum queues do and classic queues do not. @default true */
  readonly countsDeliveries?: boolean
  /** Returns after which a message is dead-lettered, where deliveries are counted. @default none */
  readonly deliveryLimit?: number
  /** Queue for rejected, expired and too often returned messages; without one they are dropped. */
  readonly deadLetterTo?: string
}

/** What a queue needs of its server. */
export interface QueueServices {
  readonly clock: Clock
  /** Runs a task soon, never within the call. */
  schedule(task: () => void): void
  deadLetter(to: string | undefined, message: StoredMessage, death: Death): void
}

/** So many deliveries, then timers and sockets get their turn. */
const deliveriesPerTurn = 256

export class MemoryQueue {
  readonly name: string
  readonly options: QueueOptions
  readonly #services: QueueServices
  readonly #ready = new ReadyList()
  readonly #rotation = new Rotation()
  readonly #expiry = new AbortController()
  #positions = 0
  #awake = false
  #gone = false
  #expiryArmedFor = Infinity

  constructor(name: string, options: QueueOptions, services: QueueServices) {
    this.name = name
    this.options = options
    this.#services = services
  }

  get ready(): number {
    return this.#ready.size
  }

  /** Consumers that take messages, now or when there is room. */
  get consumers(): number {
    return this.#rotation.taking
  }

  get oldestAgeMs(): number | undefined {
    const oldest = this.#ready.peek()
    return oldest === undefined ? undefined : this.#services.clock.now() - oldest.sentAt.now
  }

  add(message: Omit<StoredMessage, 'position' | 'returns' | 'deliveries'>): void {
    this.#ready.append({ ...message, position: this.#positions++, returns: 0, deliveries: 0 })
    this.wake()
  }

  /** A delivery that comes back: to its place, or over the limit to the dead letters. */
  putBack(message: StoredMessage): void {
    if (this.#gone) return
    message.returns++
    const { countsDeliveries = true, deliveryLimit = Infinity } = this.options
    if (countsDeliveries && message.returns > deliveryLimit) this.deadLetter(message, 'deliveryLimit')
    else this.#ready.putBack(message)
    this.wake()
  }

  deadLetter(message: StoredMessage, reason: Death['reason']): void {
    this.#services.deadLetter(this.options.deadLetterTo, message, { queue: this.name, reason })
  }

  attach(consumer: Consumer): void {
    this.#rotation.add(consumer)
    this.wake()
  }

  detach(consumer: Consumer): void {
    this.#rotation.remove(consumer)
  }

  /** To be called whenever a message or a consumer's room may have appeared. */
  wake(): void {
    if (this.#awake || this.#ready.size === 0) return
    this.#awake = true
    this.#services.schedule(() => this.#deliver())
  }

  /** Takes every ready message out. */
  drain(): StoredMessage[] {
    this.#expire()
    const taken: StoredMessage[] = []
    for (let next = this.#ready.take(); next !== undefined; next = this.#ready.take()) taken.push(next)
    return taken
  }

  /** Forgets everything, also what comes back later. */
  destroy(): void {
    this.#gone = true
    this.drain()
    this.#expiry.abort()
  }

  #deliver(): void {
    this.#awake = false
    for (let delivered = 0; delivered < deliveriesPerTurn; delivered++) {
      this.#expire()
      const consumer = this.#ready.size > 0 ? this.#rotation.next() : undefined
      const message = consumer && this.#ready.take()
      if (message === undefined) return this.#armExpiry()
      consumer?.deliver(message)
    }
    this.wake()
  }

  #expire(): void {
    for (let head = this.#ready.peek(); head?.expiresAt !== undefined; head = this.#ready.peek()) {
      if (head.expiresAt > this.#services.clock.now()) return
      this.#ready.take()
      this.deadLetter(head, 'expired')
    }
  }

  /** As brokers do, only the message at the head expires. */
  #armExpiry(): void {
    const expiresAt = this.#ready.peek()?.expiresAt ?? Infinity
    if (expiresAt >= this.#expiryArmedFor) return
    this.#expiryArmedFor = expiresAt
    const { clock } = this.#services
    void clock.sleep(expiresAt - clock.now(), this.#expiry.signal).then(() => {
      this.#expiryArmedFor = Infinity
      this.wake()
    })
  }
}
