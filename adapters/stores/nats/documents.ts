import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import type { Versioned } from '../../../src/contracts/store.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { bodyOf, encodingHeader, valueOf } from './body.ts'
import type { Bucket } from './place.ts'
import { ApiError, apiErrors, ask, patienceMs, understand } from './jetstream.ts'
import type { StoredMessage } from './jetstream.ts'
import { subjectOf } from './subjects.ts'

/** How a bucket says that the newest message of a subject is no document. */
const operationHeader = 'KV-Operation'
const expectedHeader = 'Nats-Expected-Last-Subject-Sequence'

/** The newest message of a key; without a document where the key was removed. */
export interface Newest {
  readonly seq: number
  readonly document: Versioned | undefined
}

/** Asks the stream's leader, never a copy that may be behind. */
export async function newest(connection: NatsConnection, bucket: Bucket, key: string): Promise<Newest | undefined> {
  const message = await last(connection, bucket.stream, `${bucket.prefix}${subjectOf(key)}`)
  return message && { seq: message.seq, document: stored(message) }
}

/** The sequence of the newest message that the filter matches; 0: none does. */
export async function lastSequence(connection: NatsConnection, { stream }: Bucket, filter: string): Promise<number> {
  return (await last(connection, stream, filter))?.seq ?? 0
}

/** The sequence of the first message that the stream has, before which everything is gone, and the server's time in milliseconds. */
export async function beginning(
  connection: NatsConnection,
  { stream }: Bucket,
): Promise<{ readonly first: number; readonly now: number }> {
  const { state, ts = '' } = await ask(connection, `STREAM.INFO.${stream}`, {})
  return { first: state?.first_seq ?? 0, now: Date.parse(ts) }
}

async function last(connection: NatsConnection, stream: string, filter: string): Promise<StoredMessage | undefined> {
  try {
    return (await ask(connection, `STREAM.MSG.GET.${stream}`, { last_by_subj: filter })).message
  } catch (error) {
    if (error instanceof ApiError && error.number === apiErrors.noMessage) return undefined
    throw error
  }
}

/** Resolves to the new sequence, or to undefined where the key's newest message is not the expected one (0: none). */
export async function publish(
  connection: NatsConnection,
  bucket: Bucket,
  { key, value, expected, headers }: Publication,
): Promise<number | undefined> {
  const { data, encoding } = bodyOf(value)
  if (encoding !== undefined) headers.set(encodingHeader, encoding)
  if (expected !== undefined) headers.set(expectedHeader, `${expected}`)
  checkSize(connection, bucket, data.length)
  try {
    const { seq } = understand(
      await connection.request(`${bucket.prefix}${subjectOf(key)}`, data, { headers, timeout: patienceMs }),
    )
    return seq
  } catch (error) {
    if (error instanceof ApiError && conflicts.has(error.number)) return undefined
    throw error
  }
}

const conflicts: ReadonlySet<number> = new Set([apiErrors.wrongSequence, apiErrors.wrongSequenceInFlight])

/** Removes the document, if there is one: a mark takes its place. */
export async function markRemoved(
  connection: NatsConnection,
  bucket: Bucket,
  key: string,
  headers: MsgHdrs,
): Promise<void> {
  headers.set(operationHeader, 'DEL')
  await publish(connection, bucket, { key, value: '', expected: undefined, headers })
}

interface Publication {
  readonly key: string
  readonly value: string
  /** undefined: whatever there is. */
  readonly expected: number | undefined
  readonly headers: MsgHdrs
}

export function documentOf(seq: number, headers: MsgHdrs | undefined, data: Uint8Array): Versioned | undefined {
  if (headers?.get(operationHeader)) return undefined
  return { revision: `${seq}`, value: valueOf({ data, encoding: headers?.get(encodingHeader) }) }
}

/** Headers come as the text that went over the wire. */
function stored({ seq, hdrs = '', data = '' }: StoredMessage): Versioned | undefined {
  const header = (name: string) =>
    new RegExp(`^${name}: ?(.*?)\\r?$`, 'm').exec(Buffer.from(hdrs, 'base64').toString())?.[1]
  if (header(operationHeader) !== undefined) return undefined
  return { revision: `${seq}`, value: valueOf({ data: Buffer.from(data, 'base64'), encoding: header(encodingHeader) }) }
}

/** Room for the headers. */
const headroom = 512

function checkSize({ info }: NatsConnection, { name }: Bucket, bytes: number): void {
  const most = (info?.max_payload ?? Infinity) - headroom
  if (bytes <= most) return
  const text = `takes no message of ${bytes} bytes: raise max_payload, which is ${info?.max_payload}`
  throw new QueueCanaryError('STORE_REFUSED', `the store ${name} ${text}`)
}
