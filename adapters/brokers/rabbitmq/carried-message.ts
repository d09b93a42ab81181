import type { ConsumeMessage, Options } from 'amqplib'
import type { HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'
import { carriedHeaders, handBackHeaders } from './message-headers.ts'
import type { Headers } from './message-headers.ts'
import { headersFor, noteOf, sentAt } from './message.ts'
import { laterNotes } from './retry-record.ts'
import type { Later } from './retry-record.ts'

/** What the publishing side has to know of a message. */
export interface CarryTerms {
  /** What an earlier retry left on it. */
  readonly later: Later | undefined
  /** The user of the connection: the broker refuses a message in another user's name. */
  readonly user: string
  /** When the message was delivered to us, and when it is published; milliseconds since 1970. */
  readonly receivedAt: number
  readonly now: number
}

/** The message as it goes to the hand-back queue: its own properties, headers and remaining time to live, and the notes. */
export function handBackOptions(raw: ConsumeMessage, note: HandBackNote, terms: CarryTerms): Options.Publish {
  const left = lifetime(raw, terms)
  const retries = terms.later === undefined ? {} : laterNotes({ ...terms.later, dead: false })
  const options = carried(raw, terms, { ...retries, ...handBackNotes(note) })
  return left === undefined ? options : { ...options, expiration: String(left) }
}

/**
 * The message as it goes to a delay queue. It gets no expiration, which would end its wait early and which the broker forgets when the wait is
 * over: the moment travels in a header instead. From the hand-back queue it
 * takes the note along that it had there, unless it leaves that for good.
 */
export function retryOptions(raw: ConsumeMessage, note: RetryNote, terms: CarryTerms): Options.Publish {
  const left = lifetime(raw, terms)
  const expiresAt = terms.later?.expiresAt ?? (left === undefined ? undefined : terms.now + left)
  const handedBack = note.reason === 'unaccepted' ? undefined : noteOf(raw.properties.headers ?? {})
  return carried(raw, terms, {
    ...(handedBack === undefined ? {} : handBackNotes(handedBack)),
    ...laterNotes({ ...note, expiresAt }),
  })
}

function carried({ properties }: ConsumeMessage, { user, later }: CarryTerms, notes: Headers): Options.Publish {
  const { contentType, contentEncoding, priority, correlationId, replyTo, messageId, timestamp, type, appId } =
    properties
  return {
    mandatory: true,
    persistent: true,
    contentType,
    contentEncoding,
    priority,
    correlationId,
    replyTo,
    messageId,
    timestamp,
    type,
    appId,
    headers: carriedHeaders(headersFor(properties.headers ?? {}, later), notes),
    ...(properties.userId === user ? { userId: user } : {}),
  }
}

function handBackNotes(note: HandBackNote): Record<string, unknown> {
  return {
    [handBackHeaders.version]: note.version,
    [handBackHeaders.reason]: note.reason,
    [handBackHeaders.deliveryCount]: note.deliveryCount,
  }
}

/** Time to live that is left, in milliseconds, at least 1; undefined where the message has none. */
function lifetime({ properties }: ConsumeMessage, terms: CarryTerms): number | undefined {
  const expiresAt = terms.later?.expiresAt
  if (expiresAt !== undefined) return Math.max(1, expiresAt - terms.now)
  return remainingMs(properties.expiration, sentAt(properties.timestamp)?.getTime(), terms)
}

/**
 * The broker tells the original time to live only. The publisher's timestamp counts where it is plausible: the message had not expired when it
 * was delivered, so an age beyond that shows a wrong clock.
 */
export function remainingMs(
  original: unknown,
  sentAtMs: number | undefined,
  { receivedAt, now }: Pick<CarryTerms, 'receivedAt' | 'now'>,
): number | undefined {
  const total = typeof original === 'string' && /^\d{1,15}$/.test(original) ? Number(original) : undefined
  if (total === undefined) return undefined
  const ageThen = sentAtMs === undefined ? 0 : receivedAt - sentAtMs
  const waited = ageThen > 0 && ageThen < total ? ageThen : 0
  return Math.max(1, Math.round(total - waited - Math.max(0, now - receivedAt)))
}
