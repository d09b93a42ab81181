import { connect } from 'amqplib'
import type { ConsumeMessage } from 'amqplib'
import type { StartConsumer } from './consumer.ts'

/**
 * The same loop with one ack a turn of the event loop, up to the highest delivery that has no unfinished one before it: what amqplib can do
 * at best, without supervision, counters or a release.
 */
export const startAmqplibRuns: StartConsumer = async ({ url, queue, prefetch }, handle) => {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  await channel.prefetch(prefetch)
  const finished = new Map<number, ConsumeMessage>()
  let next = 1
  let flushing = false

  function flush(): void {
    flushing = false
    let last: ConsumeMessage | undefined
    for (let message = finished.get(next); message !== undefined; message = finished.get(next)) {
      finished.delete(next)
      next += 1
      last = message
    }
    if (last !== undefined) channel.ack(last, true)
  }

  await channel.consume(queue, async (message) => {
    if (message === null) return
    await handle(message.properties.headers)
    finished.set(message.fields.deliveryTag, message)
    if (flushing) return
    flushing = true
    setImmediate(flush)
  })
  return { close: () => connection.close() }
}
