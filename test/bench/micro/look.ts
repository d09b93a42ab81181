import { memoryServer, memoryStore } from '../../../adapters/memory.ts'
import { Coordinator } from '../../../src/coordinator/coordinator.ts'
import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import { startRollout } from '../../../src/core/rollout/start.ts'
import type { Logger } from '../../../src/index.ts'
import { createQueueRecords } from '../../../src/records/queue-records.ts'
import type { QueueRecords } from '../../../src/records/queue-records.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import { buildReport } from '../../support/build-report.ts'
import { eventually } from '../../support/eventually.ts'
import { samplePolicy } from './policy.ts'
import { threadTime } from './thread-time.ts'

/** Consumers whose reports a look takes in; the last one is the canary. */
export const consumers = 10
const queue = 'micro'
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Microseconds of one look of a coordinator that holds the lease in a rollout, all reports having changed since the last look. */
export async function lookMicroseconds(times: number): Promise<number> {
  const records = createQueueRecords(memoryStore(), { namespace: 'default', queue })
  await openRollout(records)
  const coordinator = createCoordinator(records)
  let beat = 0
  await eventually(
    async () => {
      await report(records, ++beat)
      await coordinator.tick()
      return (await records.readState())?.state.rollout?.phase === 'Progressing'
    },
    { what: 'the rollout to progress' },
  )
  let spent = 0
  for (let time = 1; time <= times; time++) {
    await report(records, beat + time)
    const look = threadTime()
    await coordinator.tick()
    spent += look()
  }
  return spent / times
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

async function openRollout(records: QueueRecords): Promise<void> {
  const { policy, digest } = samplePolicy()
  await records.writePolicy(digest, policy)
  const request = { id: 'r1', canary: 'v2', policyDigest: digest, at: new Date(0).toISOString(), force: false }
  const started = startRollout(createQueueState('g1', 'v1'), request)
  if (!started.ok) throw new Error(started.why)
  await records.writeState(started.state, undefined)
}

/** Everybody has seen the newest document. */
async function report(records: QueueRecords, beat: number): Promise<void> {
  const obeyed = (await records.readState())?.state
  for (let index = 0; index < consumers; index++) {
    const version = index === consumers - 1 ? 'v2' : 'v1'
    await records.writeReport(buildReport({ id: `s${index}`, version, beat, obeyed }))
  }
}
