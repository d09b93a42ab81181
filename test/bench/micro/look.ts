import { memoryServer, memoryStore } from '../../../adapters/memory.ts'
import { Coordinator } from '../../../src/coordinator/coordinator.ts'
import type { CohortReport } from '../../../src/core/rollout/consumer-report.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import type { Logger, Store } from '../../../src/index.ts'
import { createQueueRecords } from '../../../src/records/queue-records.ts'
import { RememberingRecords } from '../../../src/records/remembering-records.ts'
import type { QueueRecords } from '../../../src/records/queue-records.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import { buildReport } from '../../support/build-report.ts'
import { eventually } from '../../support/eventually.ts'
import { openRollout } from '../lab/open-rollout.ts'
import { threadTime } from './thread-time.ts'

export interface LookCost {
  /** CPU time of this thread. */
  readonly micros: number
  /** What the look moved from and to the store. */
  readonly bytes: number
}

const queue = 'micro'
/** A canary on trial is a tenth of the fleet. */
const stablePerCanary = 9
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** One look of a coordinator that holds the lease in a rollout, on average; the reports of all consumers have changed since the last look. */
export async function lookCost(consumers: number, times: number): Promise<LookCost> {
  const { store, moved } = weighing(memoryStore())
  const records = createQueueRecords(store, { namespace: 'default', queue })
  await openRollout(records)
  const coordinator = createCoordinator(new RememberingRecords(records, silent))
  const fleet = new Fleet(records, consumers)
  await eventually(
    async () => {
      await fleet.report()
      await coordinator.tick()
      return (await records.readState())?.state.rollout?.phase === 'Progressing'
    },
    { what: 'the rollout to progress' },
  )
  let micros = 0
  let bytes = 0
  for (let time = 0; time < times; time++) {
    await fleet.report()
    const before = moved()
    const spent = threadTime()
    await coordinator.tick()
    micros += spent()
    bytes += moved() - before
  }
  return { micros: micros / times, bytes: bytes / times }
}

function createCoordinator(records: QueueRecords): Coordinator {
  const clock = systemClock()
  const server = memoryServer({ clock })
  server.declare(queue)
  const broker = server.broker({ queue, handBack: 'off' })
  return new Coordinator({
    records,
    broker,
    clock,
    log: silent,
    peers: () => records,
    consumer: { id: 's0', version: 'v1' },
  })
}

/** Consumers that handle ten messages between two looks. */
class Fleet {
  readonly #records: QueueRecords
  readonly #size: number
  #beat = 0

  constructor(records: QueueRecords, size: number) {
    this.#records = records
    this.#size = size
  }

  /** Everybody has seen the newest document. */
  async report(): Promise<void> {
    const obeyed = (await this.#records.readState())?.state
    const beat = ++this.#beat
    const taken = 10 * beat
    const counts = { ...buildReport().counts, taken, succeeded: taken }
    const durations = durationsOf(taken)
    const cohorts = cohortsOf(obeyed)
    for (let index = 0; index < this.#size; index++) {
      const version = index % (stablePerCanary + 1) === stablePerCanary ? 'v2' : 'v1'
      const id = `worker-${index}-5d8f7c9b6-x2x4q.${index}`
      await this.#records.writeReport(buildReport({ id, version, beat, obeyed, counts, durations, cohorts }))
    }
  }
}

/** Of each cohort that is not closed, ten messages. */
function cohortsOf(state: QueueState | undefined): Readonly<Record<number, CohortReport>> {
  const clock = state?.rollout?.comparison?.clock
  if (clock === undefined) return {}
  const numbers = [...clock.ended.map(({ number }) => number), clock.current.number]
  const tally = { dispatched: 10, succeeded: 10, failed: 0, durations: durationsOf(10) }
  return Object.fromEntries(numbers.map((number) => [number, tally]))
}

/** Over the buckets that durations of one handler fall into. */
function durationsOf(messages: number): Readonly<Record<number, number>> {
  const buckets = Math.min(messages, 60)
  return Object.fromEntries(Array.from({ length: buckets }, (_, bucket) => [200 + bucket, messages / buckets]))
}

function weighing(store: Store): { readonly store: Store; readonly moved: () => number } {
  let bytes = 0
  const weigh = <T extends { readonly value: string }>(found: T): T => {
    bytes += found.value.length
    return found
  }
  return {
    moved: () => bytes,
    store: {
      get: async (key) => {
        const found = await store.get(key)
        return found && weigh(found)
      },
      put: (key, value, expected) => store.put(key, weigh({ value }).value, expected),
      list: async (prefix) => (await store.list(prefix)).map(weigh),
      delete: (key) => store.delete(key),
      close: () => store.close(),
    },
  }
}
