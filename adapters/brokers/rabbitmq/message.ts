import { randomUUID } from 'node:crypto'
import type { ConsumeMessage } from 'amqplib'
import type { HandBackNote, Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import {
  handBackHeaders,
  laterHeaders,
  lastDeath,
  publishersHeaders,
  wholeNumber,
  withoutDeaths,
} from './message-headers.ts'
import type { Headers } from './message-headers.ts'
import type { Origin } from './origin.ts'
import { laterOf } from './retry-record.ts'
import type { Later } from './retry-record.ts'

export function toMessage(raw: ConsumeMessage, origin: Origin, later = laterOf(raw, origin)): BrokerMessage {
  const { fields, properties } = raw
  const headers: Headers = properties.headers ?? noHeaders
  const id: unknown = properties.messageId
  return {
    id: typeof id === 'string' && id !== '' ? id : origin.newId(),
    body: raw.content,
    headers: headersFor(headers, later),
    // only a quorum queue counts; a count that travelled here from another queue comes without the mark of a redelivery
    deliveryCount: fields.redelivered ? brokersCount(headers) : 0,
    redelivered: fields.redelivered || later?.isBack === true,
    group: undefined,
    enqueuedAt: sentAt(properties.timestamp),
  }
}

/** What the publisher sent. Most messages have never been anywhere else: they are told by a look. */
export function headersFor(headers: Headers, later: Later | undefined): Headers {
  if (!(handBackHeaders.version in headers) && !(laterHeaders.attempts in headers)) return headers
  return publishersHeaders(later?.isBack === true ? withoutDeaths(headers) : headers)
}

/** `receivedAt` in milliseconds since 1970. */
export function toPassage(raw: ConsumeMessage, origin: Origin, later = laterOf(raw, origin), receivedAt = 0): Passage {
  const headers: Headers = raw.properties.headers ?? noHeaders
  const handedBack = origin.source === 'handBack' ? noteOf(headers) : undefined
  if (later !== undefined) {
    const { attempts, version, reason, waits } = later
    const dead = later.dead || isExpired(later, receivedAt)
    return { handedBack, dead, retried: { attempts, version, reason, waits } }
  }
  if (origin.source === 'handBack') return { handedBack, dead: false, retried: undefined }
  return diedInHandBack(headers, origin) ? returnedDead : untouched
}

function isExpired({ isBack, expiresAt }: Later, receivedAt: number): boolean {
  return isBack && expiresAt !== undefined && receivedAt >= expiresAt
}

function diedInHandBack(headers: Headers, { handBackQueue }: Origin): boolean {
  return 'x-death' in headers && handBackQueue !== undefined && lastDeath(headers) === handBackQueue
}

/** Ids for messages without one: unique within the process. */
export function idSource(): () => string {
  const prefix = randomUUID().slice(0, 8)
  let count = 0
  return () => `unnamed-${prefix}-${++count}`
}

/** The `timestamp` property: seconds by the protocol, milliseconds by the habit of many publishers. */
export function sentAt(timestamp: unknown): Date | undefined {
  if (typeof timestamp !== 'number' || !Number.isFinite(timestamp) || timestamp <= 0) return undefined
  const date = new Date(timestamp > 1e11 ? timestamp : timestamp * 1_000)
  return Number.isNaN(date.getTime()) ? undefined : date
}

const noHeaders: Headers = Object.freeze({})
const untouched: Passage = Object.freeze({ handedBack: undefined, dead: false, retried: undefined })
const returnedDead: Passage = Object.freeze({ handedBack: undefined, dead: true, retried: undefined })
const reasons: readonly unknown[] = ['failed', 'timedOut', 'returned', 'unaccepted'] satisfies HandBackNote['reason'][]

function brokersCount(headers: Headers): number {
  return wholeNumber(headers['x-acquired-count']) ?? wholeNumber(headers['x-delivery-count']) ?? 0
}

/** The note of the adapter that handed the message back; undefined where it is none. */
export function noteOf(headers: Headers): HandBackNote | undefined {
  const version = headers[handBackHeaders.version]
  const reason = headers[handBackHeaders.reason]
  if (typeof version !== 'string' || !isReason(reason)) return undefined
  return { version, reason, deliveryCount: wholeNumber(headers[handBackHeaders.deliveryCount]) ?? 0 }
}

function isReason(value: unknown): value is HandBackNote['reason'] {
  return reasons.includes(value)
}
