import type { ConsumeMessage, Options } from 'amqplib'
import type { HandBackNote } from '../../../src/contracts/broker.ts'
import { handBackHeaders, publishersHeaders, sentAt } from './message.ts'

/** What the publishing side has to know. */
export interface HandBackTerms {
  readonly note: HandBackNote
  /** The user of the connection: the broker refuses a message in another user's name. */
  readonly user: string
  /** When the message was delivered to us, and when it is published; milliseconds since 1970. */
  readonly receivedAt: number
  readonly now: number
}

/** The message as it goes to the hand-back queue: its own properties, headers and remaining time to live, and the note. */
export function handBackOptions({ properties }: ConsumeMessage, terms: HandBackTerms): Options.Publish {
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
    headers: notedHeaders(properties.headers ?? {}, terms.note),
    ...(properties.userId === terms.user ? { userId: terms.user } : {}),
    ...expiration(remainingMs(properties.expiration, sentAt(timestamp)?.getTime(), terms)),
  }
}

/**
 * Time to live that is left, at least 1 ms; undefined where the message has none. The broker tells the original only. The publisher's
 * timestamp counts where it is plausible: the message had not expired when it was delivered, so an age beyond that shows a wrong clock.
 */
export function remainingMs(
  original: unknown,
  sentAtMs: number | undefined,
  { receivedAt, now }: Pick<HandBackTerms, 'receivedAt' | 'now'>,
): number | undefined {
  const total = typeof original === 'string' && /^\d{1,15}$/.test(original) ? Number(original) : undefined
  if (total === undefined) return undefined
  const ageThen = sentAtMs === undefined ? 0 : receivedAt - sentAtMs
  const waited = ageThen > 0 && ageThen < total ? ageThen : 0
  return Math.max(1, Math.round(total - waited - Math.max(0, now - receivedAt)))
}

function expiration(ms: number | undefined): { expiration?: string } {
  return ms === undefined ? {} : { expiration: String(ms) }
}

/**
 * The publisher's headers and the note. Copies addressed by CC went out with the first publish, and RabbitMQ 3 takes published death records
 * for its own: it drops a message that dies on a way which those seem to close to a circle. So both travel in a table that it does not read.
 */
function notedHeaders(headers: Readonly<Record<string, unknown>>, note: HandBackNote): Record<string, unknown> {
  const own = Object.entries(publishersHeaders(headers)).filter(([name]) => !brokersOwn.test(name))
  const kept = own.filter(([name]) => actedUpon.test(name))
  return Object.fromEntries([
    ...own.filter(([name]) => !actedUpon.test(name)),
    ...(kept.length === 0 ? [] : [[handBackHeaders.kept, Object.fromEntries(kept)] as const]),
    [handBackHeaders.version, note.version],
    [handBackHeaders.reason, note.reason],
    [handBackHeaders.deliveryCount, note.deliveryCount],
  ])
}

const brokersOwn = /^x-(delivery|acquired)-count$/
const actedUpon = /^(CC|BCC|x-death|x-(first|last)-death-.+)$/
