import { connect } from 'amqplib'
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { eventually } from '../../support/eventually.ts'
import { actAfter, paced } from './pace.ts'

/** A client that is not ours: plain amqplib, confirmed publishes, unique ids. */
export interface Publisher {
  /** Ids that the broker confirmed. */
  readonly confirmed: ReadonlySet<string>
  /** Publishes these many at once and resolves when all are confirmed. */
  backlog(count: number, options?: Marks): Promise<void>
  /** Publishes at a steady rate, until `most` messages or `stop`. Survives a restart of the broker. Every second message does one of the `acts`. */
  stream(perSecond: number, options?: StreamOptions): Stream
  close(): Promise<void>
}

export interface StreamOptions extends Pick<Marks, 'schema'> {
  readonly most?: number
  readonly acts?: readonly string[]
}

export interface Stream {
  /** Resolves when the last message is published and confirmed. */
  readonly finished: Promise<void>
  /** Publishes no more; the same as `finished`. */
  stop(): Promise<void>
}

export interface Marks {
  /** The header that tells the handler of the tests what to do. */
  readonly act?: string | undefined
  /** The version of what it says, in the header `schema`. */
  readonly schema?: number | undefined
  /** Publishes these ids instead of the next ones. */
  readonly ids?: readonly string[]
}

export async function createPublisher({ url, queue }: { url: string; queue: string }): Promise<Publisher> {
  const publisher = new RatePublisher(url, queue)
  await publisher.open()
  return publisher
}

const filler = 'x'.repeat(200)

class RatePublisher implements Publisher {
  readonly confirmed = new Set<string>()
  readonly #url: string
  readonly #queue: string
  #link: { readonly connection: ChannelModel; readonly channel: ConfirmChannel } | undefined
  #next = 0
  #pending = 0
  #closed = false

  constructor(url: string, queue: string) {
    this.#url = url
    this.#queue = queue
  }

  async open(): Promise<void> {
    const connection = await connect(this.#url)
    connection.on('error', () => {})
    connection.once('close', () => {
      this.#link = undefined
      if (!this.#closed) void this.#reopen()
    })
    const channel = await connection.createConfirmChannel()
    channel.on('error', () => {})
    this.#link = { connection, channel }
  }

  async backlog(count: number, { ids, ...marks }: Marks = {}): Promise<void> {
    for (let sent = 0; sent < count; sent++) {
      this.#publish(ids?.[sent] ?? this.#nextId(), marks)
      if (sent % 500 === 499) await this.#settled(1_000)
    }
    await this.#settled(0)
  }

  stream(perSecond: number, { most = Infinity, acts = [], schema }: StreamOptions = {}): Stream {
    const stopping = new AbortController()
    const publish = (count: number, sent: number): void => {
      for (let one = sent; one < sent + count; one++)
        this.#publish(this.#nextId(), { act: actAfter(one, acts), schema })
    }
    const isOpen = (): boolean => this.#link !== undefined
    const pace = { perSecond, most, signal: stopping.signal, isOpen, publish }
    const finished = paced(pace).then(() => this.#settled(0))
    finished.catch(() => {})
    return {
      finished,
      stop: () => {
        stopping.abort()
        return finished
      },
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#link?.connection.close().catch(() => {})
  }

  #nextId(): string {
    return `m-${String(this.#next++).padStart(7, '0')}`
  }

  /** A message whose fate is unknown because the link was lost is not among the confirmed ones, and may be handled or not. */
  #publish(
    id: string,
    { act, schema }: { readonly act?: string | undefined; readonly schema?: number | undefined },
  ): void {
    const link = this.#link
    if (link === undefined) return
    const options = {
      messageId: id,
      persistent: true,
      contentType: 'application/json',
      headers: { ...(act !== undefined && { act }), ...(schema !== undefined && { schema }) },
    }
    this.#pending++
    try {
      link.channel.sendToQueue(this.#queue, Buffer.from(JSON.stringify({ id, filler })), options, (error) => {
        this.#pending--
        if (error === null || error === undefined) this.confirmed.add(id)
      })
    } catch {
      this.#pending--
    }
  }

  async #settled(most: number): Promise<void> {
    await eventually(() => this.#pending <= most, {
      what: `the broker confirms: ${this.#pending} open`,
      deadlineMs: 60_000,
    })
  }

  async #reopen(): Promise<void> {
    await eventually(async () => this.#closed || (await this.open()), {
      what: 'the publisher connects again',
      deadlineMs: 90_000,
    })
  }
}
