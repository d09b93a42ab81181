import { randomUUID } from 'node:crypto'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import type { Versioned } from '../../../src/contracts/store.ts'
import { beginning, documentOf, lastSequence } from './documents.ts'
import { ask } from './jetstream.ts'
import type { Bucket } from './place.ts'
import { keyOf } from './subjects.ts'
import { sweepMarks } from './sweep-marks.ts'
import type { Mark } from './sweep-marks.ts'

const batch = 1_000
/** A reader that was not asked for this long is removed by the server. */
const idleNs = 60_000_000_000

/**
 * The documents below a filter, kept here and brought up to date at each look by what has changed since the last one. The server remembers how
 * far this reader has come; the changes are numbered, and where a number is missing everything is read anew.
 */
export class Cursor {
  readonly #connection: NatsConnection
  readonly #bucket: Bucket
  readonly #filter: string
  readonly #documents = new Map<string, Versioned>()
  readonly #marks: Mark[] = []
  #reader: string | undefined
  #received = 0
  #reached = 0
  #looking: Promise<unknown> = Promise.resolve()

  constructor(connection: NatsConnection, bucket: Bucket, filter: string) {
    this.#connection = connection
    this.#bucket = bucket
    this.#filter = filter
  }

  /** One look at a time. */
  look(): Promise<ReadonlyMap<string, Versioned>> {
    const looking = this.#looking.then(() => this.#look())
    this.#looking = looking.catch(() => (this.#reader = undefined))
    return looking
  }

  /** What was written before the look began is in it: the server tells a reader of news a moment after it has answered their writer. */
  async #look(): Promise<ReadonlyMap<string, Versioned>> {
    // One after the other: what has left the stream after the target was asked for may have been written anew, unseen so far.
    const { first, now } = await beginning(this.#connection, this.#bucket)
    const target = await lastSequence(this.#connection, this.#bucket, `${this.#bucket.prefix}${this.#filter}`)
    if (target < this.#reached) this.#reader = undefined
    do {
      this.#reader ??= await this.#begin()
      if (!(await this.#catchUp(this.#reader))) this.#reader = undefined
    } while (this.#reader === undefined || this.#reached < target)
    this.#forgetBefore(first)
    void sweepMarks(this.#connection, this.#bucket, { marks: this.#marks.splice(0), now })
    return this.#documents
  }

  /** Of a purge the server says nothing to a reader. The next look begins anew: this may be another stream by now. */
  #forgetBefore(first: number): void {
    for (const [key, { revision }] of this.#documents) {
      if (Number(revision) >= first) continue
      this.#documents.delete(key)
      this.#reader = undefined
    }
  }

  async #begin(): Promise<string> {
    const { stream, prefix } = this.#bucket
    const name = `queue-canary-${randomUUID()}`
    const filter = `${prefix}${this.#filter}`
    const config = {
      name,
      deliver_policy: 'last_per_subject',
      ack_policy: 'none',
      replay_policy: 'instant',
      filter_subject: filter,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: idleNs,
    }
    await ask(this.#connection, `CONSUMER.CREATE.${stream}.${name}.${filter}`, { stream_name: stream, config })
    this.#documents.clear()
    this.#received = 0
    this.#reached = 0
    return name
  }

  /** False where the reader is gone, or has missed something. */
  async #catchUp(reader: string): Promise<boolean> {
    for (;;) {
      const { messages, end } = await this.#next(reader)
      for (const message of messages) if (!this.#take(message)) return false
      if (end !== 'more') return end === 'done'
    }
  }

  #take(message: Msg): boolean {
    const { sequence, number, at } = placeOf(message)
    if (number !== this.#received + 1) return false
    this.#received = number
    this.#reached = sequence
    const key = keyOf(message.subject.slice(this.#bucket.prefix.length))
    const document = documentOf(sequence, message.headers, message.data)
    if (document !== undefined) this.#documents.set(key, document)
    else {
      this.#documents.delete(key)
      this.#marks.push({ subject: message.subject, seq: sequence, at })
    }
    return true
  }

  /** Everything up to now, or the first thousand of it. */
  async #next(reader: string): Promise<{ readonly messages: readonly Msg[]; readonly end: End }> {
    const messages: Msg[] = []
    const inbox = `_INBOX.${randomUUID()}`
    const subscription = this.#connection.subscribe(inbox)
    try {
      const request = JSON.stringify({ batch, no_wait: true })
      this.#connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${this.#bucket.stream}.${reader}`, request, { reply: inbox })
      for await (const message of subscription) {
        const code = message.headers?.code ?? 0
        if (code !== 0) return { messages, end: code === nothingMore || code === timeIsOver ? 'done' : 'lost' }
        messages.push(message)
        if (placeOf(message).pending === 0) return { messages, end: 'done' }
        if (messages.length === batch) return { messages, end: 'more' }
      }
      throw new Error('the connection was closed')
    } finally {
      subscription.unsubscribe()
    }
  }
}

type End = 'done' | 'more' | 'lost'

const nothingMore = 404
const timeIsOver = 408

interface Place {
  readonly sequence: number
  /** Counts what this reader was given. */
  readonly number: number
  /** When the message was stored, in milliseconds. */
  readonly at: number
  readonly pending: number
}

/**
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<number>.<time>.<pending>`, where a domain and an account may stand before the stream.
 * https://docs.nats.io/reference/reference-protocols/nats_api_reference ("acknowledgement subjects")
 */
function placeOf({ reply = '' }: Msg): Place {
  const parts = reply.split('.')
  const first = parts.length > 9 ? 7 : 5
  const [sequence = 0, number = 0, nanoseconds = 0, pending = 0] = parts.slice(first, first + 4).map(Number)
  return { sequence, number, at: nanoseconds / 1e6, pending }
}
