import rascal from 'rascal'
import type { StartConsumer } from './consumer.ts'

export const startRascal: StartConsumer = async ({ url, queue, prefetch }, handle) => {
  const broker = await rascal.BrokerAsPromised.create({
    vhosts: {
      [vhostOf(url)]: {
        connection: { url },
        exchanges: [''],
        queues: { [queue]: { assert: false, check: true } },
        subscriptions: { measured: { queue, prefetch } },
      },
    },
  })
  broker.on('error', fail)
  const session = await broker.subscribe('measured')
  const subscribed = new Promise<void>((resolve) => session.once('subscribed', resolve))
  session.on('error', fail)
  session.on('message', async (message, _content, ackOrNack) => {
    await handle(message.properties.headers)
    ackOrNack()
  })
  await subscribed
  return { close: () => broker.shutdown() }
}

function vhostOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1)) || '/'
}

function fail(error: Error): never {
  throw error
}
