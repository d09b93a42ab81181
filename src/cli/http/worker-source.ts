import type { Clock } from '../../contracts/clock.ts'
import type { Store } from '../../contracts/store.ts'
import { isQueueCanaryError, QueueCanaryError } from '../../errors.ts'
import type { EndpointSource } from '../../status/http/answer.ts'
import { healthOf, readinessOf } from '../../status/http/health.ts'
import type { HostedQueue } from '../../status/http/health.ts'
import { metricsText } from '../../status/metrics/metrics-text.ts'
import type { MetricsQueue } from '../../status/metrics/metrics-text.ts'
import type { QueueEntry, QueueStatus } from '../../status/queue-status.ts'
import type { Worker } from '../../worker/worker.ts'
import type { CrewMember } from '../assemble-workers.ts'
import { createQueueView, entryOf } from '../queue-view.ts'
import type { QueuePlace } from '../queue-view.ts'
import { StoreGlance } from './store-glance.ts'

export interface WorkerSourceOptions {
  readonly crew: readonly CrewMember[]
  readonly store: Store
  readonly namespace: string
  readonly clock: Clock
}

/** Prometheus gives up after 10 s by default, probes after 1 s: neither may wait for the store. */
const metricsDeadlineMs = 1_000
const statusDeadlineMs = 3_000

/** What the endpoints tell of the workers of this process. */
export function workerSource({ crew, store, namespace, clock }: WorkerSourceOptions): EndpointSource {
  const members = crew.map(({ queue, worker }) => {
    const view = createQueueView(store, { namespace, queue }, clock)
    return {
      place: view.place,
      hosted: hostedBy(queue, worker),
      metrics: new StoreGlance(clock, () => view.readWith(worker.snapshot())),
      status: new StoreGlance(clock, () => view.read()),
    }
  })
  const hosted = (): readonly HostedQueue[] => members.map((member) => member.hosted())
  return {
    health: () => healthOf(hosted()),
    readiness: () => readinessOf(hosted()),
    async metrics() {
      const queues = await Promise.all(
        members.map(async (member): Promise<MetricsQueue> => {
          const { value, answered } = await member.metrics.look(metricsDeadlineMs)
          return { ...member.hosted(), status: value, isCurrent: answered }
        }),
      )
      const storeUp = queues.every(({ isCurrent }) => isCurrent)
      return metricsText({ ready: readinessOf(queues).ok, storeUp, queues })
    },
    async status(queue) {
      const asked = members.filter(({ place }) => queue === undefined || place.queue === queue)
      const found = await Promise.all(asked.map(({ place, status }) => entriesOf(place, status)))
      return found.flat()
    },
  }
}

function hostedBy(queue: string, worker: Worker): () => HostedQueue {
  let ended: HostedQueue['ended']
  void worker.done.then(({ reason }) => (ended = reason))
  return () => ({ queue, reports: worker.snapshot(), ended })
}

/** A queue that is not registered yet has no entry. */
async function entriesOf(place: QueuePlace, glance: StoreGlance<QueueStatus>): Promise<readonly QueueEntry[]> {
  try {
    return [await entryOf(place, statusIn(glance))]
  } catch (error) {
    if (isQueueCanaryError(error, 'NOT_FOUND')) return []
    throw error
  }
}

async function statusIn(glance: StoreGlance<QueueStatus>): Promise<QueueStatus> {
  const status = await glance.read(statusDeadlineMs)
  if (status !== undefined) return status
  throw new QueueCanaryError('TIMED_OUT', `the store did not answer within ${statusDeadlineMs} ms`)
}
