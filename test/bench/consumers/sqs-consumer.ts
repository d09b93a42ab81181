import { SQSClient } from '@aws-sdk/client-sqs'
import { Consumer } from 'sqs-consumer'
import { testCredentials, testRegion } from '../../support/sqs-helper.ts'
import type { StartConsumer } from './consumer.ts'

/** At its best options, measured: whole batches, and five instances beside each other. */
const instances = 5

export const startSqsConsumer: StartConsumer = async ({ url }, handle) => {
  const { origin } = new URL(url)
  const sqs = new SQSClient({ endpoint: origin, region: testRegion, credentials: testCredentials, md5: false })
  const consumers = Array.from({ length: instances }, () =>
    Consumer.create({
      sqs,
      queueUrl: url.replace(/\?.*/, ''),
      batchSize: 10,
      waitTimeSeconds: 4,
      handleMessageBatch: async (messages) => {
        await Promise.all(messages.map(() => handle(undefined)))
        return messages
      },
    }),
  )
  for (const consumer of consumers) {
    consumer.on('error', (error) => process.stderr.write(`sqs-consumer: ${error.name}\n`))
    consumer.start()
  }
  return {
    close: async () => {
      for (const consumer of consumers) consumer.stop({ abort: true })
      sqs.destroy()
    },
  }
}
