import type { MemoryServer } from '../../../adapters/brokers/memory/memory-server.ts'
import { memoryServer } from '../../../adapters/brokers/memory/memory-server.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Store } from '../../../src/contracts/store.ts'
import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { startRollout } from '../../../src/core/rollout/start.ts'
import type { StartRequest } from '../../../src/core/rollout/start.ts'
import { createWorker } from '../../../src/index.ts'
import type { Handler, Worker, WorkerOptions } from '../../../src/index.ts'
import { policyDigest } from '../../../src/policy-digest.ts'
import type { QueueRecords } from '../../../src/records/queue-records.ts'
import { createQueueRecords } from '../../../src/records/queue-records.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import { eventually } from '../../support/eventually.ts'
import type { Teardown } from '../../support/teardown.ts'
import { deadQueue, queue } from './bench.ts'
import { logs } from './logs.ts'
import type { Logs } from './logs.ts'
import { testStore } from './test-store.ts'
import type { TestStore } from './test-store.ts'

/** Workers on one memory broker and one store. */
export interface Fleet {
  readonly server: MemoryServer
  /** What they share, unless the fleet was given another way to its documents. */
  readonly store: TestStore
  readonly records: QueueRecords
  readonly log: Logs
  /** Ids that handlers were called with, by version. */
  readonly handled: Map<string, string[]>
  readonly worker: (version: string, handler?: Handler<never>, options?: Partial<WorkerOptions>) => Worker
  readonly publish: (count: number, prefix?: string) => void
  /** Publishes at a steady rate until the test ends or it is stopped. */
  readonly traffic: (everyMs: number) => { readonly sent: () => number; readonly stop: () => void }
  readonly start: (canary: string, policy: object, force?: boolean, group?: StartRequest['group']) => Promise<void>
  readonly state: () => Promise<QueueState>
  readonly phase: (phase: string, deadlineMs?: number) => Promise<void>
}

export interface Surroundings {
  readonly clock?: Clock
  /** That of another fleet, for several queues on one store. */
  readonly store?: TestStore
  /** The queue's name in the store. */
  readonly name?: string
  /** Opens each worker's own client of the documents. @default all share one store in memory */
  readonly connect?: () => Store
}

export function fleet(
  teardown: Teardown,
  { clock = systemClock(), store = testStore(), name = queue, connect }: Surroundings = {},
): Fleet {
  const server = memoryServer({ clock })
  server.declare(deadQueue)
  server.declare(queue, { deadLetterTo: deadQueue })
  const open = connect ?? ((): Store => store)
  const log = logs()
  const records = createQueueRecords(open(), { namespace: 'default', queue: name })
  const handled = new Map<string, string[]>()
  let published = 0
  let rollouts = 0

  async function state(): Promise<QueueState> {
    const found = await records.readState()
    if (found === undefined) throw new Error('the queue has no document')
    return found.state
  }

  function publish(count: number, prefix = 'm'): void {
    for (let n = 0; n < count; n++) server.publish(queue, { id: `${prefix}-${published++}`, body: Buffer.from('{}') })
  }

  function remembering(version: string, handler: Handler<never>): Handler<never> {
    const seen = handled.get(version) ?? []
    handled.set(version, seen)
    const definition = typeof handler === 'function' ? { handle: handler } : handler
    if (definition.handle === undefined) {
      const { handleBatch } = definition
      return {
        ...definition,
        handleBatch: (messages, context) => {
          seen.push(...messages.map(({ id }) => id))
          return handleBatch(messages, context)
        },
      }
    }
    const { handle } = definition
    return {
      ...definition,
      handle: (message, context) => {
        seen.push(message.id)
        return handle(message, context)
      },
    }
  }

  return {
    server,
    store,
    records,
    log,
    handled,
    worker(version, handler = () => undefined, options = {}) {
      const limits = { concurrency: 4, retryDelayMs: 1, drainTimeoutMs: 2_000 }
      const broker = server.broker({ queue })
      const given = { queue: name, broker, store: open(), version, clock, log, handler: remembering(version, handler) }
      const worker = createWorker<never>({ ...given, ...limits, ...options } as WorkerOptions<never>)
      return teardown.add(worker, async () => {
        store.mode = 'up'
        await worker.stop()
      })
    },
    publish,
    traffic(everyMs) {
      let sent = 0
      const timer = setInterval(() => {
        sent++
        publish(1)
      }, everyMs)
      teardown.add(timer, clearInterval)
      return { sent: () => sent, stop: () => clearInterval(timer) }
    },
    async start(canary, file, force = false, group) {
      const parsed = parsePolicy(file)
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
      const digest = policyDigest(parsed.policy)
      await records.writePolicy(digest, parsed.policy)
      await eventually(
        async () => {
          const found = await records.readState()
          if (found === undefined) return false
          const wish = {
            id: `r${++rollouts}`,
            canary,
            policyDigest: digest,
            at: new Date().toISOString(),
            force,
            group,
          }
          const started = startRollout(found.state, wish)
          if (!started.ok) throw new Error(started.why)
          return (await records.writeState(started.state, found.revision)) !== undefined
        },
        { what: 'the rollout to be written' },
      )
    },
    state,
    phase: (phase, deadlineMs = 10_000) =>
      eventually(
        async () => {
          const { rollout } = await state()
          if (rollout?.phase !== phase) throw new Error(`it is ${rollout?.phase}: ${rollout?.why}`)
        },
        { what: phase, deadlineMs },
      ),
  }
}

/** Ramps in well under a second, and compares nothing: proof would take longer. */
export const quickPolicy = {
  analysis: { metrics: [] },
  steps: [
    { weight: '20%', concurrency: 2, duration: '200ms', minSamples: 5 },
    { weight: '50%', duration: '200ms', minSamples: 5 },
  ],
  limits: { maxFailedMessages: 8 },
  promotion: { workers: 1, duration: '100ms' },
  drain: { timeout: '1s' },
  progressDeadline: '1m',
}
