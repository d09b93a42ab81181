import type { MessageAttributeValue } from '@aws-sdk/client-sqs'
import type { Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import type { Message } from './api.ts'
import { readNote } from './note.ts'
import type { Attributes, Note } from './note.ts'
import { wholeNumber } from './queue-settings.ts'

/** A message as it was received, read once. */
export interface Received {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly receipt: string
  /** How often it was received, this time included; at least 1. */
  readonly receives: number
  readonly raw: Message
  readonly putOff: Note['putOff']
  /** The publisher's attributes: without what the adapter wrote. */
  readonly attributes: Attributes
}

export function readMessage(raw: Message, { isFifo }: { readonly isFifo: boolean }): Received {
  const { note, attributes } = readNote(raw.MessageAttributes ?? noAttributes)
  const receives = Math.max(1, wholeNumber(raw.Attributes?.ApproximateReceiveCount) ?? 1)
  return {
    message: toMessage(raw, { isFifo, receives, note, attributes }),
    passage: toPassage(note, receives),
    receipt: raw.ReceiptHandle ?? '',
    receives,
    raw,
    putOff: note?.putOff,
    attributes,
  }
}

interface Parts {
  readonly isFifo: boolean
  readonly receives: number
  readonly note: Note | undefined
  readonly attributes: Attributes
}

/** A copy keeps the id that the message had, and says when it was sent first. */
function toMessage(raw: Message, { isFifo, receives, note, attributes }: Parts): BrokerMessage {
  const { MessageId: id = '', Body: body = '' } = raw
  const { SentTimestamp: sent, MessageGroupId: group } = raw.Attributes ?? {}
  const sentAt = note?.sentAt ?? wholeNumber(sent)
  return {
    id: note?.id ?? id,
    body: Buffer.from(body, 'utf8'),
    headers: toHeaders(attributes),
    deliveryCount: receives - 1,
    redelivered: isRedelivered(note, receives),
    // on a standard queue a group is a hint for fairness, and promises no order
    group: isFifo ? group : undefined,
    enqueuedAt: sentAt === undefined ? undefined : new Date(sentAt),
  }
}

function isRedelivered(note: Note | undefined, receives: number): boolean {
  return receives > 1 || note?.putOff !== undefined
}

/** Each delivery was an attempt, here and where it was handed back from, but for those that the message was put off at. */
function toPassage(note: Note | undefined, receives: number): Passage {
  const { handedBack, putOff } = note ?? {}
  const attempts = receives - 1 + (handedBack?.deliveryCount ?? 0) + (putOff?.attempts ?? 0)
  if (note === undefined && attempts === 0) return untouched
  return { handedBack, dead: false, retried: toRecord(attempts, putOff) }
}

function toRecord(attempts: number, putOff: Note['putOff']): Passage['retried'] {
  if (putOff !== undefined) return { ...putOff, attempts, reason: 'unaccepted' }
  return attempts === 0 ? undefined : { attempts, waits: 0, version: undefined, reason: undefined }
}

function toHeaders(attributes: Attributes): BrokerMessage['headers'] {
  const entries = Object.entries(attributes)
  return entries.length === 0 ? noHeaders : Object.fromEntries(entries.map(([name, value]) => [name, toValue(value)]))
}

/** Types may carry a suffix, such as `Number.int`. Numbers have up to 38 digits: one that JavaScript cannot hold stays a text. */
function toValue({
  DataType: type = 'String',
  StringValue: text = '',
  BinaryValue: bytes,
}: MessageAttributeValue): unknown {
  if (type.startsWith('Binary')) return bytes ?? new Uint8Array()
  return type.startsWith('Number') && String(Number(text)) === text ? Number(text) : text
}

const noAttributes: Attributes = Object.freeze({})
const noHeaders: BrokerMessage['headers'] = Object.freeze({})
const untouched: Passage = Object.freeze({ handedBack: undefined, dead: false, retried: undefined })
