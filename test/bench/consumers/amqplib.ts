import { connect } from 'amqplib'
import type { StartConsumer } from './consumer.ts'

/** The loop that everybody writes first, and the unit of the comparison: one ack a message. */
export const startAmqplib: StartConsumer = async ({ url, queue, prefetch }, handle) => {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  await channel.prefetch(prefetch)
  await channel.consume(queue, async (message) => {
    if (message === null) return
    await handle(message.properties.headers)
    channel.ack(message)
  })
  return { close: () => connection.close() }
}
