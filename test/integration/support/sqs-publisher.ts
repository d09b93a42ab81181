import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import { eventually } from '../../support/eventually.ts'
import { testCredentials, testRegion } from '../../support/sqs-helper.ts'
import { actAfter, paced } from './pace.ts'
import type { Marks, Publisher, Stream } from './publisher.ts'

/** Where a message stands among those of its group. */
export interface Place {
  readonly group: string
  /** As SQS numbers them: later ones are greater. */
  readonly sequence: bigint
}

/** A client that is not ours: the plain SDK. Messages are known by the ids that SQS gives them. */
export interface SqsPublisher extends Publisher {
  /** By id; empty for a standard queue. */
  readonly places: ReadonlyMap<string, Place>
}

const filler = 'x'.repeat(200)
/** Enough that nobody waits for a free one. */
const groups = 100

/** `url`: of the queue. */
export function createSqsPublisher(endpoint: string, url: string): SqsPublisher {
  const client = new SQSClient({ endpoint, region: testRegion, credentials: testCredentials, md5: false })
  const confirmed = new Set<string>()
  const places = new Map<string, Place>()
  const isFifo = url.endsWith('.fifo')
  let next = 0
  let pending = 0

  function entry(marks: Marks, index: number): SendMessageBatchRequestEntry {
    const number = next++
    return {
      Id: String(index),
      MessageBody: JSON.stringify({ number, filler }),
      MessageAttributes: attributesOf(marks),
      ...(isFifo && { MessageGroupId: `g-${number % groups}`, MessageDeduplicationId: `d-${number}` }),
    }
  }

  /** At most ten. A batch that is not confirmed is not sent again: its messages may be handled or not. */
  async function send(marks: readonly Marks[]): Promise<void> {
    const entries = marks.map(entry)
    pending += entries.length
    try {
      const { Successful: sent = [] } = await client.send(
        new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }),
      )
      for (const { Id: index, MessageId: id = '', SequenceNumber: sequence } of sent) {
        confirmed.add(id)
        const group = entries[Number(index)]?.MessageGroupId
        if (group !== undefined && sequence !== undefined) places.set(id, { group, sequence: BigInt(sequence) })
      }
    } catch {
      // the broker is away for a moment
    } finally {
      pending -= entries.length
    }
  }

  const settled = (most: number): Promise<void> =>
    eventually(() => pending <= most, { what: `SQS confirms: ${pending} open`, deadlineMs: 60_000 })

  return {
    confirmed,
    places,
    async backlog(count, marks = {}) {
      for (let sent = 0; sent < count; sent += 10) {
        void send(Array.from({ length: Math.min(10, count - sent) }, () => marks))
        if (sent % 100 === 90) await settled(100)
      }
      await settled(0)
    },
    stream(perSecond, { most = Infinity, acts = [], schema } = {}): Stream {
      const stopping = new AbortController()
      const publish = (count: number, sent: number): void => {
        const all = Array.from({ length: count }, (_, index) => ({ act: actAfter(sent + index, acts), schema }))
        while (all.length > 0) void send(all.splice(0, 10))
      }
      const pace = { perSecond, most, signal: stopping.signal, isOpen: () => pending < 1_000, publish }
      const finished = paced(pace).then(() => settled(0))
      finished.catch(() => {})
      return {
        finished,
        stop: () => {
          stopping.abort()
          return finished
        },
      }
    },
    close: async () => client.destroy(),
  }
}

function attributesOf({ act, schema }: Marks): Record<string, MessageAttributeValue> {
  const told = Object.entries({ act, schema }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(told.map(([name, value]) => [name, { DataType: 'String', StringValue: String(value) }]))
}
