import { memoryStore } from '../../../adapters/memory.ts'
import { rabbitmqBroker } from '../../../adapters/brokers/rabbitmq/index.ts'
import { sqliteStore } from '../../../adapters/stores/sqlite/index.ts'
import { createWorker } from '../../../src/index.ts'
import type { Broker, Logger, Message } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { canaryVersion, openRelease } from '../lab/release.ts'
import type { ConsumerSpec } from '../lab/protocol.ts'
import type { Handle, RunningConsumer, StartConsumer } from './consumer.ts'

/** This framework as a user composes it. With a canary in the process, resolves once that has its allocation. */
export const startQueueCanary: StartConsumer = (spec, handle) => {
  const { url, queue } = spec
  return startWorker(rabbitmqBroker({ url, queue, handBack: { kind: 'create' }, log: complaints }), spec, handle)
}

/** The worker around any broker. */
export async function startWorker(
  broker: Broker,
  { queue, prefetch, concurrency, release }: ConsumerSpec,
  handle: Handle,
): Promise<RunningConsumer> {
  if (release === undefined) throw new Error('queue-canary needs a version')
  const { version, database, soloWeight } = release
  const store = database === undefined ? memoryStore() : sqliteStore({ path: database })
  const handler = (message: Message) => handle(message.headers)
  const worker = createWorker({
    queue,
    broker,
    store,
    handler,
    version,
    ...(soloWeight !== undefined && { canary: { handler, version: canaryVersion } }),
    concurrency,
    prefetch,
    handlerTimeoutMs: gateMs,
    log: complaints,
  })
  await worker.start()
  await eventually(() => worker.snapshot().every(({ link }) => link === 'consuming' || link === 'idle'), {
    what: 'the worker to consume',
  })
  if (soloWeight !== undefined) await openRelease(store, queue, { weight: soloWeight, maxInFlight: concurrency })
  return {
    close: async () => {
      await worker.stop()
      await store.close()
    },
  }
}

/** The first messages wait behind the gate, which may stay shut until the machine is calm. */
const gateMs = 900_000

export const complaints: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields, text) => process.stderr.write(`warning: ${text} ${JSON.stringify(fields)}\n`),
  error: (fields, text) => process.stderr.write(`error: ${text} ${JSON.stringify(fields)}\n`),
}
