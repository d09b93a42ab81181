import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { setTimeout as pause } from 'node:timers/promises'
import { testCredentials, testRegion } from '../../support/sqs-helper.ts'
import type { StartConsumer } from './consumer.ts'

const polls = 5
const batch = 10
const lingerMs = 10

/**
 * What one writes by hand to be fast: five polls side by side, each only when a whole batch fits, deletes in batches that wait 10 ms at most, no
 * checksums. No heartbeats, no retries, no way to stop in order.
 */
export const startSqsLoop: StartConsumer = async ({ url, concurrency }, handle) => {
  const { origin } = new URL(url)
  const queue = url.replace(/\?.*/, '')
  const client = new SQSClient({ endpoint: origin, region: testRegion, credentials: testCredentials, md5: false })
  let free = Math.max(concurrency, batch)
  let isOpen = true
  let receipts: string[] = []
  let lingering: NodeJS.Timeout | undefined
  const waiting: (() => void)[] = []

  function flush(): void {
    clearTimeout(lingering)
    lingering = undefined
    const entries = receipts.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }))
    receipts = []
    if (entries.length > 0) void client.send(new DeleteMessageBatchCommand({ QueueUrl: queue, Entries: entries }))
  }

  function done(receipt: string): void {
    receipts.push(receipt)
    if (receipts.length === batch) flush()
    else lingering ??= setTimeout(flush, lingerMs)
  }

  function release(slots: number): void {
    free += slots
    while (free >= batch && waiting.length > 0) {
      free -= batch
      waiting.shift()?.()
    }
  }

  async function room(): Promise<void> {
    if (free >= batch) free -= batch
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }

  async function work(receipt: string): Promise<void> {
    await handle(undefined)
    release(1)
    done(receipt)
  }

  async function poll(): Promise<void> {
    while (isOpen) {
      await room()
      const receive = new ReceiveMessageCommand({
        QueueUrl: queue,
        MaxNumberOfMessages: batch,
        WaitTimeSeconds: 4,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      })
      const { Messages: messages = [] } = await client.send(receive)
      release(batch - messages.length)
      for (const { ReceiptHandle: receipt = '' } of messages) void work(receipt)
    }
  }

  for (let count = 0; count < polls; count++) poll().catch(() => {})
  await pause(500)
  return {
    close: async () => {
      isOpen = false
      client.destroy()
    },
  }
}
