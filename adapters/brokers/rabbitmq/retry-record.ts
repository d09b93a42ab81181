import type { ConsumeMessage } from 'amqplib'
import { retryReasons } from '../../../src/contracts/broker.ts'
import type { RetryNote, RetryRecord } from '../../../src/contracts/broker.ts'
import { laterHeaders, lastDeath, wholeNumber } from './message-headers.ts'
import type { Headers } from './message-headers.ts'
import type { Origin } from './origin.ts'
import { isRetryQueue } from './retry-queue-names.ts'

/** What `retryLater` left on a message. */
export interface Later extends RetryRecord {
  readonly error: string | undefined
  /** It came back from a wait just now; otherwise it was handed back since. */
  readonly isBack: boolean
  readonly dead: boolean
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
}

/**
 * Reads the record of a message that came back from one of the queue's delay queues, or from the hand-back queue, to which nobody else
 * publishes. One that took another way (an operator moved dead letters back, a publisher made it up) has none: it begins anew.
 */
export function laterOf(raw: ConsumeMessage, origin: Pick<Origin, 'source' | 'queue'>): Later | undefined {
  const headers: Headers | undefined = raw.properties.headers
  if (headers === undefined || !(laterHeaders.attempts in headers)) return undefined
  const way = wayOf(headers, origin)
  const record = way === undefined ? undefined : recordIn(headers)
  if (record === undefined) return undefined
  const error = headers[laterHeaders.error]
  return {
    ...record,
    error: typeof error === 'string' ? error : undefined,
    isBack: way === 'back',
    dead: way === 'back' && headers[laterHeaders.dead] === true,
    expiresAt: wholeNumber(headers[laterHeaders.expiresAt]),
  }
}

/** The record as headers. */
export function laterNotes({
  attempts,
  version,
  reason,
  error,
  waits,
  dead,
  expiresAt,
}: Omit<Later, 'isBack'>): Record<string, unknown> {
  return {
    [laterHeaders.attempts]: attempts,
    [laterHeaders.version]: version,
    [laterHeaders.reason]: reason,
    ...(error === undefined ? {} : { [laterHeaders.error]: error }),
    ...(waits === 0 ? {} : { [laterHeaders.waits]: waits }),
    ...(dead ? { [laterHeaders.dead]: true } : {}),
    ...(expiresAt === undefined ? {} : { [laterHeaders.expiresAt]: expiresAt }),
  }
}

/** How the message came: back from a wait, handed back by one of us, or else. */
function wayOf(
  headers: Headers,
  { source, queue }: Pick<Origin, 'source' | 'queue'>,
): 'back' | 'handedBack' | undefined {
  const diedIn = lastDeath(headers)
  if (diedIn !== undefined) return isRetryQueue(diedIn, queue) ? 'back' : undefined
  return source === 'handBack' ? 'handedBack' : undefined
}

function recordIn(headers: Headers): RetryRecord | undefined {
  const attempts = wholeNumber(headers[laterHeaders.attempts])
  const { [laterHeaders.version]: version, [laterHeaders.reason]: reason } = headers
  if (attempts === undefined || attempts > mostAttempts || typeof version !== 'string' || !isReason(reason))
    return undefined
  return { attempts, version, reason, waits: wholeNumber(headers[laterHeaders.waits]) ?? 0 }
}

const mostAttempts = 65_535
const reasons: readonly unknown[] = retryReasons

function isReason(value: unknown): value is RetryNote['reason'] {
  return reasons.includes(value)
}
