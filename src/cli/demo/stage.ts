import { memoryServer } from '../../../adapters/brokers/memory/index.ts'
import { memoryStore } from '../../../adapters/stores/memory/index.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { Worker, WorkerEnd } from '../../worker/worker.ts'
import { createWorker } from '../../worker/worker.ts'
import { createQueueView } from '../queue-view.ts'
import type { QueueView } from '../queue-view.ts'
import { Ledger } from './ledger.ts'
import { openTraffic } from './traffic.ts'

/** A broker, a store and the workers of a small company, all in this process. */
export interface Stage {
  readonly view: QueueView
  readonly ledger: Ledger
  /** Starts workers of a version; of each hundred of its messages `failing` fail. Resolves when they are ready. */
  readonly hire: (version: string, count: number, failing?: number) => Promise<readonly Worker[]>
  /** Stops the traffic and resolves once every message is handled, or to how many are not when the time is up. */
  readonly settle: (deadlineMs: number) => Promise<number>
  readonly close: () => Promise<readonly WorkerEnd[]>
}

export interface StageOptions {
  readonly clock: Clock
  readonly ratePerSecond: number
  readonly handlerMs: number
}

const queue = 'orders'
const namespace = 'demo'

export function buildStage({ clock, ratePerSecond, handlerMs }: StageOptions): Stage {
  const server = memoryServer({ clock })
  const store = memoryStore()
  const ledger = new Ledger()
  const workers: Worker[] = []
  server.declare(queue)
  const traffic = openTraffic(clock, ratePerSecond, (id) => {
    ledger.published(id)
    server.publish(queue, { id, body: Buffer.from(JSON.stringify({ id })) })
  })
  const hireOne = (version: string, failing: number): Worker => {
    const worker = createWorker({
      queue,
      namespace,
      version,
      store,
      clock,
      broker: server.broker({ queue }),
      handler: handler({ version, failing, handlerMs, clock, ledger }),
      workerId: `${version}-${workers.length + 1}`,
      drainTimeoutMs: 3_000,
    })
    workers.push(worker)
    return worker
  }
  return {
    view: createQueueView(store, { namespace, queue }, clock),
    ledger,
    async hire(version, count, failing = 0) {
      const hired = Array.from({ length: count }, () => hireOne(version, failing))
      await Promise.all(hired.map((worker) => worker.start()))
      return hired
    },
    async settle(deadlineMs) {
      await traffic.stop()
      const end = clock.now() + deadlineMs
      while (ledger.open > 0 && clock.now() < end) await clock.sleep(50)
      return ledger.open
    },
    async close() {
      await traffic.stop()
      await Promise.all(workers.map((worker) => worker.drain()))
      server.close()
      await store.close()
      return Promise.all(workers.map(({ done }) => done))
    },
  }
}

interface Behaviour {
  readonly version: string
  readonly failing: number
  readonly handlerMs: number
  readonly clock: Clock
  readonly ledger: Ledger
}

/** Fails every so many messages rather than by chance: the demo tells the same story each time. */
function handler({ version, failing, handlerMs, clock, ledger }: Behaviour) {
  let seen = 0
  return async ({ id }: { readonly id: string }): Promise<void> => {
    seen += 1
    const fails = Math.floor((seen * failing) / 100) > Math.floor(((seen - 1) * failing) / 100)
    await clock.sleep(handlerMs)
    if (fails) throw new Error('the new code does not understand this order')
    ledger.handled(id, version)
  }
}
