import { parseArgs } from 'node:util'
import { Coordinator } from '../../../src/coordinator/coordinator.ts'
import type { Logger } from '../../../src/index.ts'
import { memoryServer } from '../../../adapters/memory.ts'
import { createQueueRecords } from '../../../src/records/queue-records.ts'
import type { QueueRecords } from '../../../src/records/queue-records.ts'
import { RememberingRecords } from '../../../src/records/remembering-records.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import { eventually } from '../../support/eventually.ts'
import { openRollout } from '../lab/open-rollout.ts'
import { threadTime } from '../micro/thread-time.ts'
import { table } from '../report/table.ts'
import { places } from './places.ts'
import type { Place } from './places.ts'
import { busyReport } from './report.ts'

/**
 * What one look of a coordinator costs while a rollout runs, as a function of the workers that report: bytes over its connection, CPU of its
 * thread, and time. `all` report anew between two looks, as on a busy queue, or one in twenty does. `--queues`: so many queues are in the store, each
 * with the same workers.
 */
const queue = 'orders'
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '10,100,300,1000' },
    only: { type: 'string', default: Object.keys(places).join() },
    looks: { type: 'string', default: '20' },
    queues: { type: 'string', default: '1' },
  },
})

const rows: (readonly string[])[] = []
for (const name of values.only.split(',')) {
  for (const workers of values.workers.split(',').map(Number)) {
    const open = places[name]
    if (open === undefined) throw new Error(`--only: expected some of ${Object.keys(places).join(', ')}`)
    const place = await open()
    try {
      rows.push(...(await measure(place, workers, Number(values.looks))))
    } finally {
      await place.close()
    }
    process.stderr.write(`${name}, ${workers} workers\n`)
  }
}
console.log(table([`store, workers (queues: ${values.queues})`, 'report anew', 'KB a look', 'CPU ms', 'ms'], rows))

async function measure(place: Place, workers: number, looks: number): Promise<readonly (readonly string[])[]> {
  const at = { namespace: 'default', queue }
  const records = createQueueRecords(place.others, at)
  const own = new RememberingRecords(createQueueRecords(place.own, at), silent)
  for (let other = 1; other < Number(values.queues); other++)
    await reportAll(createQueueRecords(place.others, { ...at, queue: `${queue}-${other}` }), workers, 1)
  await openRollout(records)
  const coordinator = createCoordinator(own)
  let beat = 0
  await reportAll(records, workers, ++beat)
  await eventually(
    async () => {
      await coordinator.tick()
      await reportAll(records, workers, ++beat)
      return (await records.readState())?.state.rollout?.phase === 'Progressing'
    },
    { what: 'the rollout to progress', deadlineMs: 120_000 },
  )
  const shares: readonly (readonly [string, number])[] = [
    ['all', 1],
    ['1 in 20', 0.05],
  ]
  const found = []
  for (const [label, share] of shares) {
    const sum = { bytes: 0, cpu: 0, ms: 0 }
    for (let look = 0; look < looks; look++) {
      await reportAll(records, Math.ceil(workers * share), ++beat)
      const [cpu, bytes, began] = [threadTime(), place.bytes() ?? 0, performance.now()]
      await coordinator.tick()
      sum.ms += performance.now() - began
      sum.cpu += cpu() / 1_000
      sum.bytes += (place.bytes() ?? 0) - bytes
    }
    const kilobytes = place.bytes() === undefined ? '-' : (sum.bytes / looks / 1_000).toFixed(1)
    found.push([
      `${place.name}, ${workers}`,
      label,
      kilobytes,
      (sum.cpu / looks).toFixed(1),
      (sum.ms / looks).toFixed(1),
    ])
  }
  return found
}

function createCoordinator(records: QueueRecords): Coordinator {
  const clock = systemClock()
  const server = memoryServer({ clock })
  server.declare(queue)
  const broker = server.broker({ queue, handBack: 'off' })
  const consumer = { id: 's0', version: 'v1' }
  return new Coordinator({ records, peers: () => records, broker, clock, log: silent, consumer })
}

async function reportAll(records: QueueRecords, count: number, beat: number): Promise<void> {
  const obeyed = (await records.readState())?.state
  const current = obeyed?.rollout?.comparison?.clock.current.number ?? 1
  await Promise.all(
    Array.from({ length: count }, (_, index) => records.writeReport(busyReport({ index, beat, obeyed, current }))),
  )
}
