import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { Message, MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import type { Outgoing, Raw } from '../contract/broker-contract.ts'

/** Whatever an emulator takes; with the seeded secret that no log may show. */
export const testCredentials = { accessKeyId: 'AKIAQUEUECANARYTEST', secretAccessKey: 's3cr3t-seeded-4f2a/9b+c' }
export const testRegion = 'eu-central-1'

/** Attributes by which the tests know their messages again: SQS gives ids of its own, and has no content types. */
const idAttribute = 'test-id'
const contentTypeAttribute = 'content-type'
const correlationAttribute = 'correlation-id'

/** A client that is not ours. */
export interface SqsHelper {
  /** Creates the queue, and beside it one for its dead letters. */
  declare(queue: string, attributes?: Readonly<Record<string, string>>, maxReceiveCount?: number): Promise<void>
  /** Changes attributes of a queue. */
  set(queue: string, attributes: Readonly<Record<string, string>>): Promise<void>
  delete(queue: string): Promise<void>
  /** The queue's URL, as an application would be given it. */
  url(queue: string): string
  publish(queue: string, messages: readonly SqsOutgoing[]): Promise<void>
  /** Messages that can be received; undefined where there is no such queue. */
  ready(queue: string): Promise<number | undefined>
  /** Messages that somebody has received and not deleted. */
  hidden(queue: string): Promise<number>
  /** Takes every message that can be received. */
  drain(queue: string): Promise<readonly Raw[]>
  close(): void
}

export interface SqsOutgoing extends Outgoing {
  /** FIFO queues. @default a group of its own */
  readonly group?: string
}

/** `endpoint`: scheme, host and port. */
export function sqsHelper(endpoint: string): SqsHelper {
  const client = new SQSClient({ endpoint, region: testRegion, credentials: testCredentials, md5: false })
  const url = (queue: string): string => `${endpoint}/000000000000/${queue}`

  async function create(queue: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    const fifo = queue.endsWith('.fifo') ? { FifoQueue: 'true' } : {}
    await client.send(new CreateQueueCommand({ QueueName: queue, Attributes: { ...fifo, ...attributes } }))
  }

  async function count(queue: string, name: 'ApproximateNumberOfMessages' | 'ApproximateNumberOfMessagesNotVisible') {
    const answer = await client.send(new GetQueueAttributesCommand({ QueueUrl: url(queue), AttributeNames: [name] }))
    return Number(answer.Attributes?.[name])
  }

  return {
    url,
    async declare(queue, attributes = {}, maxReceiveCount = 100) {
      const dead = deadLettersOf(queue)
      await create(dead, {})
      const policy = { deadLetterTargetArn: `arn:aws:sqs:${testRegion}:000000000000:${dead}`, maxReceiveCount }
      await create(queue, { VisibilityTimeout: '5', RedrivePolicy: JSON.stringify(policy), ...attributes })
    },
    set: async (queue, attributes) =>
      void (await client.send(new SetQueueAttributesCommand({ QueueUrl: url(queue), Attributes: attributes }))),
    delete: async (queue) =>
      void (await client.send(new DeleteQueueCommand({ QueueUrl: url(queue) })).catch(unlessMissing)),
    async publish(queue, messages) {
      const entries = messages.map((message, index) => entryOf(message, index, queue.endsWith('.fifo')))
      for (const lot of lots(entries)) {
        const { Failed: failed = [] } = await client.send(
          new SendMessageBatchCommand({ QueueUrl: url(queue), Entries: [...lot] }),
        )
        if (failed.length > 0) throw new Error(`not published: ${failed[0]?.Code}`)
      }
    },
    ready: (queue) => count(queue, 'ApproximateNumberOfMessages').catch(unlessMissing),
    hidden: (queue) => count(queue, 'ApproximateNumberOfMessagesNotVisible'),
    async drain(queue) {
      const found: Raw[] = []
      for (;;) {
        const receive = new ReceiveMessageCommand({
          QueueUrl: url(queue),
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
        })
        const { Messages: messages = [] } = (await client.send(receive).catch(unlessMissing)) ?? {}
        if (messages.length === 0) return found
        found.push(...messages.map(rawOf))
        const entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
        await client.send(new DeleteMessageBatchCommand({ QueueUrl: url(queue), Entries: entries }))
      }
    },
    close: () => client.destroy(),
  }
}

export function deadLettersOf(queue: string): string {
  return queue.replace(/(\.fifo)?$/, '-dead$1')
}

/** The id that a test gave a message, from what a broker made of its attributes. */
export function testIdOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const id = headers[idAttribute]
  return typeof id === 'string' ? id : undefined
}

function entryOf(
  { id, body, group, ...more }: SqsOutgoing,
  index: number,
  isFifo: boolean,
): SendMessageBatchRequestEntry {
  return {
    Id: String(index),
    MessageBody: Buffer.from(body).toString('utf8'),
    MessageAttributes: attributesOf({ id, body, ...more }),
    ...(isFifo && { MessageGroupId: group ?? id, MessageDeduplicationId: id }),
  }
}

function attributesOf({ id, headers = {}, contentType, correlationId }: Outgoing) {
  const values = {
    ...headers,
    [idAttribute]: id,
    ...(contentType !== undefined && { [contentTypeAttribute]: contentType }),
    ...(correlationId !== undefined && { [correlationAttribute]: correlationId }),
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, attributeOf(value)]))
}

function attributeOf(value: unknown): MessageAttributeValue {
  if (value instanceof Uint8Array) return { DataType: 'Binary', BinaryValue: value }
  return { DataType: typeof value === 'number' ? 'Number' : 'String', StringValue: String(value) }
}

function rawOf({ Body: body = '', MessageAttributes: attributes = {} }: Message): Raw {
  const values = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => {
    const value = DataType === 'Number' ? Number(StringValue) : (StringValue ?? BinaryValue)
    return [name, value] as const
  })
  const headers: Readonly<Record<string, unknown>> = Object.fromEntries(values)
  return {
    id: testIdOf(headers) ?? '',
    body: Buffer.from(body),
    headers,
    contentType: attributes[contentTypeAttribute]?.StringValue,
    correlationId: attributes[correlationAttribute]?.StringValue,
    ttlMs: undefined,
  }
}

/** Ten entries and 1 MiB a call. */
function* lots(entries: readonly SendMessageBatchRequestEntry[]): Iterable<readonly SendMessageBatchRequestEntry[]> {
  let lot: SendMessageBatchRequestEntry[] = []
  let size = 0
  for (const entry of entries) {
    const bytes = Buffer.byteLength(entry.MessageBody ?? '') + 1_000
    if (lot.length === 10 || (lot.length > 0 && size + bytes > 1_000_000)) {
      yield lot
      lot = []
      size = 0
    }
    lot.push(entry)
    size += bytes
  }
  if (lot.length > 0) yield lot
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof QueueDoesNotExist) return undefined
  throw error
}
