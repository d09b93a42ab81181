import type { Clock } from '../../../src/contracts/clock.ts'
import type { Logger } from '../../../src/contracts/logger.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { retryQueueName, retrySeconds } from './retry-queue-names.ts'

export interface RabbitmqOptions {
  /** `amqp(s)://user:password@host:port/vhost`; the query may set `heartbeat` (seconds), `channelMax` and `frameMax`. */
  readonly url: string
  /** The queue to consume. Never declared or changed by the adapter. */
  readonly queue: string
  readonly handBack: HandBackOption
  /** @default real time */
  readonly clock?: Clock
  /** @default silent */
  readonly log?: Logger
  /** What the broker's operator sees beside the connections. @default queue-canary */
  readonly connectionName?: string
}

/**
 * `create`: the queue `<queue>.queue-canary.hand-back`, declared by `prepareHandBack`. `existing`: a queue that the operator declared; it must
 * dead-letter to the main queue through the default exchange. `off`: failed messages can only be returned to the queue itself.
 */
export type HandBackOption =
  | { readonly kind: 'create' }
  | { readonly kind: 'existing'; readonly queue: string }
  | { readonly kind: 'off' }

/** Name of the hand-back queue; undefined where hand-back is off. */
export function handBackQueueOf({ queue, handBack }: Pick<RabbitmqOptions, 'queue' | 'handBack'>): string | undefined {
  if (handBack.kind === 'off') return undefined
  return handBack.kind === 'existing' ? handBack.queue : defaultHandBackQueue(queue)
}

/** The one that is made where nobody names one. */
export function defaultHandBackQueue(queue: string): string {
  return `${queue}.queue-canary.hand-back`
}

/** Throws `ENVIRONMENT_INVALID` for a queue without a name, or with one too long for the names that are made of it. */
export function checkNames(options: Pick<RabbitmqOptions, 'queue' | 'handBack'>): void {
  const { queue, handBack } = options
  checkName(queue, handBack.kind === 'create' ? handBackQueueOf(options) : queue)
  if (handBack.kind === 'existing') checkName(handBack.queue)
}

/** `last`: the queue with the longest name whose messages wait in delay queues. */
function checkName(name: string, last = name): void {
  const longest = retryQueueName(last, retrySeconds(Infinity))
  const appended = longest.slice(name.length)
  const [bytes, most] = [Buffer.byteLength(name), mostNameBytes - appended.length]
  if (bytes > 0 && bytes <= most) return
  const expected = `expected a name of 1 to ${most} bytes, as "${appended}" is appended for a delay queue`
  throw new QueueCanaryError('ENVIRONMENT_INVALID', `queue "${name}": ${expected}; found ${bytes}`)
}

/** What the protocol has room for. */
const mostNameBytes = 255
