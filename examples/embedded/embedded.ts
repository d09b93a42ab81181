// Two versions of a consumer in one process, on the broker that comes with the package. See README.md for the release.
import { setTimeout as pause } from 'node:timers/promises'
import { createWorker, defineHandler, systemClock } from 'queue-canary'
import { memoryServer } from 'queue-canary/memory'
import { sqliteStore } from 'queue-canary/sqlite'

const server = memoryServer({ clock: systemClock() })
server.declare('orders')

const handled = { v1: 0, v2: 0 }
const handlerOf = (version: 'v1' | 'v2') =>
  defineHandler<{ readonly number: number }>({
    handle: async (message, { signal }) => {
      await pause(5, undefined, { signal })
      if (message.json().number > 0) handled[version] += 1
    },
  })

// The first version to register is in charge; v2 takes nothing until a rollout names it.
await using worker = createWorker({
  queue: 'orders',
  broker: server.broker({ queue: 'orders' }),
  store: sqliteStore({ path: 'embedded.db' }),
  version: 'v1',
  handler: handlerOf('v1'),
  canary: { version: 'v2', handler: handlerOf('v2') },
  // A version that was promoted away stays at hand, for `undo`.
  whenRetired: 'idle',
})
await worker.start()

let running = true
process.once('SIGINT', () => (running = false))
for (let number = 1; running; number += 1) {
  server.publish('orders', { body: Buffer.from(JSON.stringify({ number })) })
  if (number % 100 === 0) process.stdout.write(`handled by v1: ${handled.v1}, by v2: ${handled.v2}\n`)
  await pause(10)
}
