import { Connection } from 'rabbitmq-client'
import type { StartConsumer } from './consumer.ts'

export const startRabbitmqClient: StartConsumer = async ({ url, queue, prefetch }, handle) => {
  const connection = new Connection(url)
  const consumer = connection.createConsumer(
    { queue, queueOptions: { passive: true }, qos: { prefetchCount: prefetch } },
    (message) => handle(message.headers),
  )
  await new Promise<void>((resolve, reject) => {
    consumer.once('ready', resolve)
    consumer.once('error', reject)
  })
  return {
    close: async () => {
      await consumer.close()
      await connection.close()
    },
  }
}
