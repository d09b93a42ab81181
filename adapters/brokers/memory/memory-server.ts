import { retryHeaders } from '../../../src/contracts/broker.ts'
import type { Broker } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import { memoryBroker } from './memory-broker.ts'
import type { MemoryBrokerOptions } from './memory-broker.ts'
import { MemoryHub } from './memory-hub.ts'
import type { QueueOptions } from './memory-queue.ts'
import type { MemoryMessage, StoredMessage } from './stored-message.ts'

export interface MemoryServerOptions {
  /** For times to live, ages and time stamps. */
  readonly clock: Clock
  /** Runs a task soon, never within the call; deliveries are made by it. @default setImmediate */
  readonly schedule?: (task: () => void) => void
}

/**
 * A broker's server inside this process: the reference for what the `Broker` contract promises, and the one that needs no installation.
 * It keeps messages only as long as it lives.
 */
export interface MemoryServer {
  /** A consumer's view of one queue, as a process of its own would have it. The queue need not exist yet. */
  broker(options: MemoryBrokerOptions): Broker
  /** Makes sure that the queue exists; an existing one stays as it is. */
  declare(queue: string, options?: QueueOptions): void
  /** Removes the queue and all its messages; its subscriptions learn that it is missing. */
  delete(queue: string): void
  has(queue: string): boolean
  /** Puts a message into the queue. Throws `QUEUE_MISSING`. */
  publish(queue: string, message: MemoryMessage): void
  /** Ready messages. Throws `QUEUE_MISSING`. */
  depth(queue: string): number
  /** Takes every ready message out, with what is left of its time to live. Throws `QUEUE_MISSING`. */
  drain(queue: string): readonly DrainedMessage[]
  /** Breaks the link of every subscription, as a lost connection does. They come back by themselves. */
  cutLinks(): void
  /** False: breaks every link and refuses new ones until true. Publishing goes on. */
  setReachable(reachable: boolean): void
  /** Drops everything and stays unreachable. */
  close(): void
}

export interface DrainedMessage extends Required<Pick<MemoryMessage, 'id' | 'body' | 'headers'>> {
  readonly contentType: string | undefined
  readonly correlationId: string | undefined
  readonly ttlMs: number | undefined
}

export function memoryServer({
  clock,
  schedule = (task) => void setImmediate(task),
}: MemoryServerOptions): MemoryServer {
  const hub = new MemoryHub(clock, schedule)
  return {
    broker: (options) => memoryBroker(hub, options),
    declare: (queue, options = {}) => hub.declare(queue, options),
    delete: (queue) => hub.delete(queue),
    has: (queue) => hub.queue(queue) !== undefined,
    publish: (queue, message) => hub.publish(queue, message),
    depth: (queue) => hub.existing(queue).ready,
    drain: (queue) =>
      hub
        .existing(queue)
        .drain()
        .map((message) => drained(message, clock)),
    cutLinks: () => hub.cutLinks('the links were cut'),
    setReachable: (reachable) => void (hub.reachable = reachable),
    close: () => hub.close(),
  }
}

function drained(message: StoredMessage, clock: Clock): DrainedMessage {
  const { id, body, contentType, correlationId, expiresAt } = message
  return {
    id,
    body,
    headers: { ...message.headers, ...recordOf(message) },
    contentType,
    correlationId,
    ttlMs: expiresAt === undefined ? undefined : expiresAt - clock.now(),
  }
}

/** What brokers that keep messages as bytes write on them. */
function recordOf({ retried }: StoredMessage): Readonly<Record<string, unknown>> {
  if (retried === undefined) return {}
  const { attempts, version, reason, error } = retried.note
  const record = { [retryHeaders.attempts]: attempts, [retryHeaders.version]: version, [retryHeaders.reason]: reason }
  return error === undefined ? record : { ...record, [retryHeaders.error]: error }
}
