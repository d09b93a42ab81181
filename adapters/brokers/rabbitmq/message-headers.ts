import { retryHeaders } from '../../../src/contracts/broker.ts'

export type Headers = Readonly<Record<string, unknown>>

/** Headers that the adapter adds to a message on its way through the hand-back queue. No handler sees them. */
export const handBackHeaders = {
  version: 'x-queue-canary-hand-back-version',
  reason: 'x-queue-canary-hand-back-reason',
  deliveryCount: 'x-queue-canary-hand-back-delivery-count',
  /** A table of headers that the broker would act on if they were published as they are. */
  kept: 'x-queue-canary-hand-back-kept',
} as const

/** Headers that the adapter adds to a message that is tried later. Beside those of the contract: */
export const laterHeaders = {
  ...retryHeaders,
  dead: 'x-queue-canary-dead',
  waits: 'x-queue-canary-waits',
  /** When its time to live ends, in milliseconds since 1970: the broker forgets that of a message which it dead-letters. */
  expiresAt: 'x-queue-canary-expires-at',
} as const

/** Removes what the adapter added and puts back what it kept. */
export function publishersHeaders(headers: Headers): Headers {
  const own = Object.entries(headers).filter(([name]) => !adapterHeaders.has(name))
  const kept = headers[handBackHeaders.kept]
  return Object.fromEntries(typeof kept === 'object' && kept !== null ? [...Object.entries(kept), ...own] : own)
}

/** Without the death records of the broker: those of a message that comes back from a wait tell of nothing else. */
export function withoutDeaths(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !deathRecord.test(name)))
}

/**
 * The publisher's headers and our notes. Copies addressed by CC went out with the first publish, and RabbitMQ 3 takes published death records
 * for its own: it drops a message that dies on a way which those seem to close to a circle. So both travel in a table that it does not read.
 */
export function carriedHeaders(publishers: Headers, notes: Headers): Record<string, unknown> {
  const own = Object.entries(publishers).filter(([name]) => !brokersOwn.test(name))
  const kept = own.filter(([name]) => actedUpon.test(name))
  return Object.fromEntries([
    ...own.filter(([name]) => !actedUpon.test(name)),
    ...(kept.length === 0 ? [] : [[handBackHeaders.kept, Object.fromEntries(kept)] as const]),
    ...Object.entries(notes),
  ])
}

/** The queue that dead-lettered the message last: the broker puts the newest record first. An older one may be of a former life. */
export function lastDeath(headers: Headers): string | undefined {
  const deaths = headers['x-death']
  const newest: unknown = Array.isArray(deaths) ? deaths[0] : undefined
  const queue: unknown = typeof newest === 'object' && newest !== null && 'queue' in newest ? newest.queue : undefined
  return typeof queue === 'string' ? queue : undefined
}

export function wholeNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined
}

const adapterHeaders: ReadonlySet<string> = new Set([...Object.values(handBackHeaders), ...Object.values(laterHeaders)])
const brokersOwn = /^x-(delivery|acquired)-count$/
const deathRecord = /^x-(death|(first|last)-death-.+)$/
const actedUpon = /^(CC|BCC|x-death|x-(first|last)-death-.+)$/
