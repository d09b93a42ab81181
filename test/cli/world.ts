import { memoryServer } from '../../adapters/brokers/memory/index.ts'
import { memoryStore } from '../../adapters/stores/memory/index.ts'
import type { Session } from '../../src/cli/session.ts'
import type { Store } from '../../src/contracts/store.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { assignmentFor } from '../../src/core/allocation/assignment.ts'
import type { ConsumerReport } from '../../src/core/rollout/consumer-report.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import type { QueueRecords } from '../../src/records/queue-records.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { report } from '../status/fixtures.ts'

/** A queue with v1 in charge, in a memory store, as commands find it. */
export interface World {
  readonly session: Session
  readonly store: Store
  readonly records: QueueRecords
  readonly state: () => Promise<QueueState>
  /** Writes the document as if a coordinator had moved it there. */
  readonly become: (change: (state: QueueState) => QueueState) => Promise<void>
  /** Lets consumers of these versions run, that do as they are told, and a real coordinator for each; until `stop`. */
  readonly coordinate: (versions: readonly string[]) => void
  readonly stop: () => Promise<void>
}

export const queue = 'orders'
const namespace = 'default'
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** `store`: that of another world, for several queues on one. */
export async function createWorld({ store = memoryStore(), name = queue } = {}): Promise<World> {
  const clock = systemClock()
  const place = { namespace, queue: name }
  const records = createQueueRecords(store, place)
  await records.writeState(createQueueState('g1', 'v1'), undefined)
  const end = new AbortController()
  const running: Promise<void>[] = []
  const read = async () => {
    const found = await records.readState()
    if (found === undefined) throw new Error('the document is gone')
    return found
  }
  return {
    session: { store, namespace, clock },
    store,
    records,
    state: async () => (await read()).state,
    async become(change) {
      const { state, revision } = await read()
      if ((await records.writeState(change(state), revision)) === undefined) throw new Error('somebody else wrote')
    },
    coordinate(versions) {
      const server = memoryServer({ clock })
      server.declare(name)
      const coordinators = versions.map((version) => {
        const consumer = { id: idOf(version), version }
        const own = createQueueRecords(store, place)
        return new Coordinator({
          records: own,
          broker: server.broker({ queue: name }),
          clock,
          log: silent,
          consumer,
          peers: (other) => createQueueRecords(store, { namespace, queue: other }),
        })
      })
      const run = async (): Promise<void> => {
        for (let beat = 1; !end.signal.aborted; beat += 1) {
          for (const version of versions) await records.writeReport(obedient(version, beat, (await read()).state))
          for (const coordinator of coordinators) await coordinator.tick()
          await clock.sleep(20, end.signal)
        }
      }
      running.push(run())
    },
    async stop() {
      end.abort()
      await Promise.all(running)
      await store.close()
    },
  }
}

function obedient(version: string, beat: number, state: QueueState): ConsumerReport {
  const id = idOf(version)
  const { kind } = assignmentFor(state, { id, version })
  const leaving = kind === 'drain' || kind === 'retired'
  const { generation, epoch, sequence } = state
  const obeyed = { generation, epoch, sequence }
  return report({ id, version, beat, at: Date.now(), obeyed, state: leaving ? 'drained' : 'ready' })
}

function idOf(version: string): string {
  return `w1.0.${version}`
}
