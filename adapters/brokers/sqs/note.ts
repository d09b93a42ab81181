import type { MessageAttributeValue } from '@aws-sdk/client-sqs'
import type { HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'
import { wholeNumber } from './queue-settings.ts'

export type Attributes = Readonly<Record<string, MessageAttributeValue>>

/** What the adapter leaves on a copy of a message: in the hand-back queue, and of one that no version accepts yet. */
export interface Note {
  /** undefined on a copy that is in the queue itself. */
  readonly handedBack: HandBackNote | undefined
  /** As it was put off last. */
  readonly putOff: PutOff | undefined
  /** The id that the message had in its own queue: a copy gets a new one. */
  readonly id: string
  /** When it was sent to its own queue; milliseconds since 1970. */
  readonly sentAt: number | undefined
}

/** SQS counts the deliveries of a copy anew: `attempts` are those before. */
export type PutOff = Pick<RetryNote, 'attempts' | 'waits' | 'version'>

/** The one attribute that the adapter adds, as JSON: SQS allows ten attributes, and the publisher may use nine of them. */
export const noteAttribute = 'queue-canary-hand-back'

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const mostAttributes = 10

/** The attributes of the copy: where there is no place for the note, the publisher's last attribute travels inside it. */
export function writeNote(attributes: Attributes, note: Note): Attributes {
  const own = Object.entries(attributes)
  const kept = own.splice(mostAttributes - 1)
  const text = JSON.stringify({
    ...note.handedBack,
    ...(note.putOff !== undefined && { putOff: note.putOff }),
    id: note.id,
    sentAt: note.sentAt,
    ...(kept.length > 0 && { kept: kept.map(([name, value]) => [name, pack(value)]) }),
  })
  return { ...Object.fromEntries(own), [noteAttribute]: { DataType: 'String', StringValue: text } }
}

/** The note, and the attributes as their publisher wrote them. What is no note of ours is an attribute like any other. */
export function readNote(attributes: Attributes): { readonly note: Note | undefined; readonly attributes: Attributes } {
  const text = attributes[noteAttribute]?.StringValue
  const written = text === undefined ? undefined : parse(text)
  if (written === undefined) return { note: undefined, attributes }
  const { [noteAttribute]: _note, ...own } = attributes
  return { note: written.note, attributes: { ...own, ...written.kept } }
}

function parse(text: string): { readonly note: Note; readonly kept: Attributes } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? toNote({ ...value }) : undefined
  } catch {
    return undefined
  }
}

function toNote({ id, sentAt, kept, ...written }: Readonly<Record<string, unknown>>) {
  const [handedBack, putOff] = [toHandBack(written), toPutOff(written['putOff'])]
  if (typeof id !== 'string' || (handedBack ?? putOff) === undefined) return undefined
  return { note: { handedBack, putOff, id, sentAt: wholeNumber(sentAt) }, kept: unpackAll(kept) }
}

function toHandBack({ version, reason, deliveryCount }: Readonly<Record<string, unknown>>): Note['handedBack'] {
  if (typeof version !== 'string' || !isReason(reason)) return undefined
  return { version, reason, deliveryCount: wholeNumber(deliveryCount) ?? 0 }
}

function toPutOff(value: unknown): Note['putOff'] {
  if (typeof value !== 'object' || value === null) return undefined
  const { attempts, waits, version }: Readonly<Record<string, unknown>> = { ...value }
  if (typeof version !== 'string') return undefined
  return { attempts: wholeNumber(attempts) ?? 0, waits: wholeNumber(waits) ?? 0, version }
}

const reasons: readonly unknown[] = ['failed', 'timedOut', 'returned', 'unaccepted'] satisfies HandBackNote['reason'][]

function isReason(value: unknown): value is HandBackNote['reason'] {
  return reasons.includes(value)
}

/** `[type, text]`, or `[type, bytes in base64, 'base64']`. */
function pack({
  DataType: type,
  StringValue: text,
  BinaryValue: bytes,
}: MessageAttributeValue): readonly (string | undefined)[] {
  return bytes === undefined ? [type, text] : [type, Buffer.from(bytes).toString('base64'), 'base64']
}

function unpackAll(kept: unknown): Attributes {
  return Array.isArray(kept) ? Object.fromEntries(kept.flatMap(unpack)) : {}
}

function unpack(entry: unknown): readonly (readonly [string, MessageAttributeValue])[] {
  const [name, packed]: readonly unknown[] = Array.isArray(entry) ? entry : []
  const [type, text, coding]: readonly unknown[] = Array.isArray(packed) ? packed : []
  if (typeof name !== 'string' || typeof type !== 'string' || typeof text !== 'string') return []
  const value = coding === 'base64' ? { BinaryValue: Buffer.from(text, 'base64') } : { StringValue: text }
  return [[name, { DataType: type, ...value }]]
}
