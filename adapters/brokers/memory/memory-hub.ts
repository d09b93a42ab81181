import type { Clock } from '../../../src/contracts/clock.ts'
import { retryHeaders } from '../../../src/contracts/broker.ts'
import type { RetryNote } from '../../../src/contracts/broker.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { MemoryQueue } from './memory-queue.ts'
import type { QueueOptions } from './memory-queue.ts'
import { elsewhere, noHeaders } from './stored-message.ts'
import type { Death, MemoryMessage, StoredMessage } from './stored-message.ts'

/** A subscription, as the hub sees it. */
export interface Linked {
  /** Looks whether it can have a link now. */
  relink(): void
  /** Loses its link and tries for a new one in a later turn. */
  unlink(reason: string): void
}

/** What brokers of one memory server share: its queues, and who is linked to them. */
export class MemoryHub {
  readonly clock: Clock
  readonly schedule: (task: () => void) => void
  readonly #queues = new Map<string, MemoryQueue>()
  readonly #linked = new Set<Linked>()
  readonly #closed = new AbortController()
  #reachable = true
  #published = 0

  constructor(clock: Clock, schedule: (task: () => void) => void) {
    this.clock = clock
    this.schedule = schedule
  }

  get reachable(): boolean {
    return this.#reachable
  }

  set reachable(on: boolean) {
    this.#reachable = on
    if (on) this.#relink()
    else this.cutLinks('the server is not reachable')
  }

  queue(name: string): MemoryQueue | undefined {
    return this.#queues.get(name)
  }

  /** The queue as brokers reach it. Throws `BROKER_UNREACHABLE` or `QUEUE_MISSING`. */
  reach(name: string): MemoryQueue {
    if (!this.#reachable) throw new QueueCanaryError('BROKER_UNREACHABLE', 'the memory server is not reachable')
    return this.existing(name)
  }

  existing(name: string): MemoryQueue {
    const queue = this.#queues.get(name)
    if (queue === undefined)
      throw new QueueCanaryError('QUEUE_MISSING', `the memory server has no queue "${name}": declare it first`)
    return queue
  }

  declare(name: string, options: QueueOptions): void {
    if (this.#queues.has(name)) return
    const deadLetter = this.#deadLetter.bind(this)
    this.#queues.set(name, new MemoryQueue(name, options, { clock: this.clock, schedule: this.schedule, deadLetter }))
    this.#relink()
  }

  delete(name: string): void {
    const queue = this.#queues.get(name)
    this.#queues.delete(name)
    queue?.destroy()
    for (const linked of this.#linked) linked.relink()
  }

  publish(name: string, message: MemoryMessage): void {
    const sentAt = { now: this.clock.now(), wall: this.clock.wall() }
    this.existing(name).add({
      id: message.id ?? `memory-${++this.#published}`,
      body: Buffer.from(message.body),
      headers: message.headers === undefined ? noHeaders : publishersOwn(message.headers),
      contentType: message.contentType,
      correlationId: message.correlationId,
      group: message.group,
      sentAt,
      expiresAt: message.ttlMs === undefined ? undefined : sentAt.now + message.ttlMs,
      handedBack: undefined,
      retried: undefined,
      deaths: [],
    })
  }

  /** Puts a message into the queue when the time is over, if both are still there. */
  async wait(name: string, message: StoredMessage, note: RetryNote): Promise<void> {
    const queue = this.#queues.get(name)
    await this.clock.sleep(note.delayMs, this.#closed.signal)
    if (queue !== undefined && this.#queues.get(name) === queue)
      queue.add({ ...message, retried: { note, isBack: true } })
  }

  join(linked: Linked): void {
    this.#linked.add(linked)
  }

  leave(linked: Linked): void {
    this.#linked.delete(linked)
  }

  cutLinks(reason: string): void {
    for (const linked of this.#linked) linked.unlink(reason)
  }

  close(): void {
    this.reachable = false
    this.#closed.abort()
    for (const name of this.#queues.keys()) this.delete(name)
  }

  #relink(): void {
    this.schedule(() => {
      for (const linked of this.#linked) linked.relink()
    })
  }

  /** A dead letter lives on without its time to live and with new counts, as on RabbitMQ. Without a queue to go to it is dropped. */
  #deadLetter(to: string | undefined, message: StoredMessage, death: Death): void {
    const { position: _position, returns: _returns, deliveries: _deliveries, ...kept } = message
    if (to !== undefined)
      this.#queues.get(to)?.add({
        ...kept,
        ...elsewhere(message),
        expiresAt: undefined,
        deaths: [...message.deaths, death],
      })
  }
}

/** A copy, without the record of an earlier life. */
function publishersOwn(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names: readonly string[] = Object.values(retryHeaders)
  return structuredClone(Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name))))
}
