import { Gauge, Registry } from 'prom-client'
import { isTerminal } from '../../core/rollout/rollout.ts'
import type { HostedQueue } from '../http/health.ts'
import type { QueueStatus } from '../queue-status.ts'
import { addConsumerMetrics } from './consumer-metrics.ts'
import type { Role } from './consumer-metrics.ts'
import { addRolloutMetrics } from './rollout-metrics.ts'

export interface MetricsInput {
  readonly ready: boolean
  /** False where the store did not answer in time: what it told earlier is then used for roles alone. */
  readonly storeUp: boolean
  readonly queues: readonly MetricsQueue[]
}

export interface MetricsQueue extends HostedQueue {
  /** What the store told last; undefined where it never told, or knows nothing of the queue. */
  readonly status: QueueStatus | undefined
  /** False where the store did not answer: `status` is then of an earlier moment. */
  readonly isCurrent: boolean
}

/** The text that Prometheus reads, made anew for each scrape from counters that are there anyway: nothing is counted twice or kept. */
export async function metricsText(
  input: MetricsInput,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = new Registry()
  addProcess(registry, input)
  const consumers = input.queues.flatMap(({ queue, reports, status }) =>
    reports.map((report) => ({ queue, report, role: roleOf(report.version, status) })),
  )
  addConsumerMetrics(registry, consumers)
  const current = input.queues.filter(({ isCurrent }) => isCurrent)
  addRolloutMetrics(
    registry,
    current.flatMap(({ status }) => status ?? []),
  )
  addCoordination(registry, current)
  return { contentType: registry.contentType, text: await registry.metrics() }
}

/** In a rollout that runs, the place in it; otherwise only the version in charge has a part. */
export function roleOf(version: string, status: QueueStatus | undefined): Role {
  if (status === undefined) return 'unknown'
  if (status.phase !== null && !isTerminal(status.phase)) {
    if (version === status.canary?.version) return 'canary'
    if (version === status.stable.version) return 'stable'
  }
  return version === status.current ? 'stable' : 'idle'
}

function addProcess(registry: Registry, { ready, storeUp }: MetricsInput): void {
  const registers = [registry]
  const help = '1 when every consumer of this process is ready.'
  new Gauge({ name: 'queue_canary_ready', help, registers }).set(Number(ready))
  const answered = '1 when the store answered this scrape. Without it there are no metrics of rollouts.'
  new Gauge({ name: 'queue_canary_store_up', help: answered, registers }).set(Number(storeUp))
}

function addCoordination(registry: Registry, queues: readonly MetricsQueue[]): void {
  const coordinates = new Gauge({
    name: 'queue_canary_coordinates',
    help: "1 when a consumer of this process moves the queue's rollouts.",
    labelNames: ['queue'],
    registers: [registry],
  })
  for (const { queue, reports, status } of queues) {
    if (status === undefined) continue
    coordinates.set({ queue }, Number(reports.some(({ id }) => id === status.coordinator)))
  }
}
