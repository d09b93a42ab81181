import { setTimeout as pause } from 'node:timers/promises'
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'

/** Sends a hundred orders a second to the queue of the workers, until it is stopped. */
const queue = process.env['QUEUE_CANARY_ORDERS_URL'] ?? ''
const { origin, searchParams } = new URL(queue)
const region = searchParams.get('region')
const client = new SQSClient({ endpoint: origin, ...(region !== null && { region }) })

for (;;) {
  const entries = Array.from({ length: 10 }, (_, index) => ({
    Id: `${index}`,
    MessageBody: JSON.stringify({ amount: Math.ceil(100 * Math.random()) }),
  }))
  await client.send(new SendMessageBatchCommand({ QueueUrl: queue.replace(/\?.*/, ''), Entries: entries }))
  await pause(100)
}
