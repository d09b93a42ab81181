import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { BatchResultErrorEntry, Message, SendMessageCommandInput } from '@aws-sdk/client-sqs'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { QueueAddress } from './address.ts'
import { brokerError, closedError, credentialsError } from './failures.ts'
import type { Attempt } from './failures.ts'
import type { SqsOptions } from './options.ts'
import { waits, withDeadline } from './timing.ts'

export type { Message }

export interface ReceiveRequest {
  /** 1 to 10. */
  readonly count: number
  readonly waitMs: number
  readonly visibilityS: number
  /** FIFO queues: a receive whose answer was lost gives the same messages again under the same id. */
  readonly attemptId: string | undefined
}

export interface VisibilityChange {
  readonly receipt: string
  readonly seconds: number
}

/** Why an entry of a batch was not carried out: the name that SQS gives it; undefined where it was. */
export type EntryFailure = string | undefined

/**
 * The calls that the adapter makes, over one client. The client tries nothing twice: each caller knows better than the SDK whether to, and how long to
 * wait. Every call ends within its deadline and rejects with an error of the framework.
 */
export class SqsApi {
  readonly #client: SQSClient
  readonly #clock: Clock
  #isClosed = false

  constructor({ endpoint, region }: QueueAddress, credentials: SqsOptions['credentials'], clock: Clock) {
    this.#clock = clock
    this.#client = new SQSClient({
      endpoint,
      ...(region !== undefined && { region }),
      ...(credentials !== undefined && { credentials }),
      maxAttempts: 1,
      // a call without options of its own takes the same way through the SDK as the one before, which is resolved once
      cacheMiddleware: true,
      // TLS guards the bytes; hashing every body costs a tenth of the consumer's time
      md5: false,
      requestHandler: {
        connectionTimeout: waits.connect,
        requestTimeout: waits.streamingPoll + waits.answer,
        socketTimeout: waits.streamingPoll + waits.answer,
        throwOnRequestTimeout: true,
        httpAgent: { keepAlive: true, maxSockets: mostSockets },
        httpsAgent: { keepAlive: true, maxSockets: mostSockets },
      },
    })
  }

  async receive(
    queue: QueueAddress,
    { count, waitMs, visibilityS, attemptId }: ReceiveRequest,
  ): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: count,
      WaitTimeSeconds: Math.ceil(waitMs / 1_000),
      VisibilityTimeout: visibilityS,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: [...neededAttributes],
      ...(attemptId !== undefined && { ReceiveRequestAttemptId: attemptId }),
    })
    const { Messages: messages = [] } = await this.#ask(queue, 'ReceiveMessage', {
      ms: waitMs + waits.answer,
      send: () => this.#client.send(command),
    })
    return messages
  }

  /** At most ten receipts. */
  async delete(queue: QueueAddress, receipts: readonly string[]): Promise<readonly EntryFailure[]> {
    const command = new DeleteMessageBatchCommand({
      QueueUrl: queue.url,
      Entries: receipts.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
    })
    const { Failed: failed } = await this.#ask(queue, 'DeleteMessage', {
      send: () => this.#client.send(command),
    })
    return entryFailures(receipts.length, failed)
  }

  /** At most ten changes. */
  async setVisibility(queue: QueueAddress, changes: readonly VisibilityChange[]): Promise<readonly EntryFailure[]> {
    const command = new ChangeMessageVisibilityBatchCommand({
      QueueUrl: queue.url,
      Entries: changes.map(({ receipt, seconds }, index) => ({
        Id: String(index),
        ReceiptHandle: receipt,
        VisibilityTimeout: seconds,
      })),
    })
    const { Failed: failed } = await this.#ask(queue, 'ChangeMessageVisibility', {
      send: () => this.#client.send(command),
    })
    return entryFailures(changes.length, failed)
  }

  async send(queue: QueueAddress, message: Omit<SendMessageCommandInput, 'QueueUrl'>): Promise<void> {
    const command = new SendMessageCommand({ QueueUrl: queue.url, ...message })
    await this.#ask(queue, 'SendMessage', {
      ms: waits.confirm,
      send: () => this.#client.send(command),
    })
  }

  async attributes(queue: QueueAddress): Promise<Readonly<Record<string, string>>> {
    const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['All'] })
    const { Attributes: attributes = {} } = await this.#ask(queue, 'GetQueueAttributes', {
      send: () => this.#client.send(command),
    })
    return attributes
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Ends every request under way. From now on none is made: each call rejects with `BROKER_REFUSED`. */
  close(): void {
    this.#isClosed = true
    this.#client.destroy()
  }

  async #ask<T>(
    { name }: QueueAddress,
    action: string,
    { ms = waits.answer, send }: { readonly ms?: number; readonly send: () => Promise<T> },
  ): Promise<T> {
    const attempt = { queue: name, action }
    await this.#credentials(attempt)
    if (this.#isClosed) throw closedError()
    try {
      return await withDeadline(send(), ms + waits.connect, this.#clock)
    } catch (error) {
      throw brokerError(error, attempt)
    }
  }

  /** A time of their own: the SDK waits for them as long as it takes, and would send the request after its caller has given it up. */
  async #credentials(attempt: Attempt): Promise<void> {
    if (this.#isClosed) throw closedError()
    try {
      await withDeadline(this.#client.config.credentials(), waits.credentials, this.#clock)
    } catch (error) {
      throw credentialsError(error, attempt)
    }
  }
}

const mostSockets = 100
/** What is read of a message, and what its copies keep. Each one more is sent, parsed and thrown away with every message. */
const neededAttributes = ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId', 'AWSTraceHeader'] as const

function entryFailures(count: number, failed: readonly BatchResultErrorEntry[] = []): readonly EntryFailure[] {
  const failures: EntryFailure[] = Array.from({ length: count })
  for (const { Id: id, Code: code } of failed) failures[Number(id)] = code ?? 'unknown failure'
  return failures
}
