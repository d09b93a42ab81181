import { memoryServer, memoryStore } from '../../../adapters/memory.ts'
import type { MemoryServer } from '../../../adapters/memory.ts'
import { createWorker } from '../../../src/index.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import { threadTime } from './thread-time.ts'

const queue = 'micro'
const body = new Uint8Array(256)
const slots = 250

/** Nanoseconds a message of the memory broker alone: what is delivered is acked at once. */
export async function bareNanoseconds(messages: number): Promise<number> {
  const server = filledServer(messages)
  const broker = server.broker({ queue, handBack: 'off' })
  const done = Promise.withResolvers<void>()
  let handled = 0
  const spent = threadTime()
  await broker.subscribe(
    { source: 'queue', precedence: 'normal', maxUnsettled: slots, permits: Infinity },
    {
      onDelivery(delivery) {
        delivery.ack()
        if (++handled === messages) done.resolve()
      },
      onLink: () => {},
    },
  )
  await done.promise
  const nanoseconds = (spent() / messages) * 1_000
  await broker.close()
  server.close()
  return nanoseconds
}

/** The same with a worker between them: streaming, a handler that does nothing. */
export async function workerNanoseconds(messages: number): Promise<number> {
  const server = filledServer(messages)
  const done = Promise.withResolvers<void>()
  let handled = 0
  let spent = threadTime()
  await using worker = createWorker({
    queue,
    broker: server.broker({ queue, handBack: 'off' }),
    store: memoryStore(),
    version: 'v1',
    concurrency: slots,
    prefetch: slots,
    handler: async () => {
      if (handled === 0) spent = threadTime()
      if (++handled === messages) done.resolve()
    },
  })
  await worker.start()
  await done.promise
  const nanoseconds = (spent() / messages) * 1_000
  await worker.drain()
  server.close()
  return nanoseconds
}

function filledServer(messages: number): MemoryServer {
  const server = memoryServer({ clock: systemClock() })
  server.declare(queue)
  for (let count = 0; count < messages; count++) server.publish(queue, { body })
  return server
}
