import { connect } from 'amqp-connection-manager'
import type { StartConsumer } from './consumer.ts'

export const startConnectionManager: StartConsumer = async ({ url, queue, prefetch }, handle) => {
  const connection = connect([url])
  const channel = connection.createChannel()
  await channel.waitForConnect()
  await channel.consume(
    queue,
    async (message) => {
      await handle(message.properties.headers)
      channel.ack(message)
    },
    { prefetch },
  )
  return { close: () => connection.close() }
}
