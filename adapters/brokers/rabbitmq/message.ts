import { randomUUID } from 'node:crypto'
import type { ConsumeMessage } from 'amqplib'
import type { HandBackNote, Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'

/** Headers that the adapter adds to a message on its way through the hand-back queue. No handler sees them. */
export const handBackHeaders = {
  version: 'x-queue-canary-hand-back-version',
  reason: 'x-queue-canary-hand-back-reason',
  deliveryCount: 'x-queue-canary-hand-back-delivery-count',
  /** A table of headers that the broker would act on if they were published as they are. */
  kept: 'x-queue-canary-hand-back-kept',
} as const

/** Where the message came from. */
export interface Origin {
  readonly source: 'queue' | 'handBack'
  readonly handBackQueue: string | undefined
  /** An id for a message that has none. */
  readonly newId: () => string
}

type Headers = Readonly<Record<string, unknown>>

export function toMessage(raw: ConsumeMessage, { newId }: Origin): BrokerMessage {
  const { fields, properties } = raw
  const headers: Headers = properties.headers ?? noHeaders
  const id: unknown = properties.messageId
  return {
    id: typeof id === 'string' && id !== '' ? id : newId(),
    body: raw.content,
    headers: handBackHeaders.version in headers ? publishersHeaders(headers) : headers,
    // only a quorum queue counts; a count that travelled here from another queue comes without the mark of a redelivery
    deliveryCount: fields.redelivered ? brokersCount(headers) : 0,
    redelivered: fields.redelivered,
    group: undefined,
    enqueuedAt: sentAt(properties.timestamp),
  }
}

export function toPassage(raw: ConsumeMessage, { source, handBackQueue }: Origin): Passage {
  const headers: Headers = raw.properties.headers ?? noHeaders
  if (source === 'handBack') return { handedBack: noteOf(headers), dead: false }
  if (handBackQueue === undefined || !('x-death' in headers)) return untouched
  return lastDeath(headers) === handBackQueue ? returnedDead : untouched
}

/** Ids for messages without one: unique within the process. */
export function idSource(): () => string {
  const prefix = randomUUID().slice(0, 8)
  let count = 0
  return () => `unnamed-${prefix}-${++count}`
}

/** Removes what the adapter added and puts back what it kept. */
export function publishersHeaders(headers: Headers): Headers {
  const own = Object.entries(headers).filter(([name]) => !adapterHeaders.has(name))
  const kept = headers[handBackHeaders.kept]
  return Object.fromEntries(typeof kept === 'object' && kept !== null ? [...own, ...Object.entries(kept)] : own)
}

/** The `timestamp` property: seconds by the protocol, milliseconds by the habit of many publishers. */
export function sentAt(timestamp: unknown): Date | undefined {
  if (typeof timestamp !== 'number' || !Number.isFinite(timestamp) || timestamp <= 0) return undefined
  const date = new Date(timestamp > 1e11 ? timestamp : timestamp * 1_000)
  return Number.isNaN(date.getTime()) ? undefined : date
}

const noHeaders: Headers = Object.freeze({})
const untouched: Passage = Object.freeze({ handedBack: undefined, dead: false })
const returnedDead: Passage = Object.freeze({ handedBack: undefined, dead: true })
const adapterHeaders: ReadonlySet<string> = new Set(Object.values(handBackHeaders))
const reasons: readonly unknown[] = ['failed', 'timedOut', 'returned'] satisfies HandBackNote['reason'][]

function brokersCount(headers: Headers): number {
  return wholeNumber(headers['x-acquired-count']) ?? wholeNumber(headers['x-delivery-count']) ?? 0
}

function wholeNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined
}

function noteOf(headers: Headers): HandBackNote | undefined {
  const version = headers[handBackHeaders.version]
  const reason = headers[handBackHeaders.reason]
  if (typeof version !== 'string' || !isReason(reason)) return undefined
  return { version, reason, deliveryCount: wholeNumber(headers[handBackHeaders.deliveryCount]) ?? 0 }
}

function isReason(value: unknown): value is HandBackNote['reason'] {
  return reasons.includes(value)
}

/** The queue that dead-lettered the message last: the broker puts the newest record first. An older one may be of a former life. */
function lastDeath(headers: Headers): unknown {
  const deaths = headers['x-death']
  const newest: unknown = Array.isArray(deaths) ? deaths[0] : undefined
  return typeof newest === 'object' && newest !== null && 'queue' in newest ? newest.queue : undefined
}
