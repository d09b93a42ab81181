import type { ConsumerReport } from '../../../src/core/rollout/consumer-report.ts'
import type { Order } from '../../../src/core/rollout/order.ts'
import { buildReport } from '../../support/build-report.ts'

export interface Busy {
  readonly index: number
  readonly beat: number
  readonly obeyed: Order | undefined
  /** The cohort that is open now. */
  readonly current: number
}

/** What a worker tells that has handled a million messages whose durations spread over three decades, in a rollout. One in ten is a canary. */
export function busyReport({ index, beat, obeyed, current }: Busy): ConsumerReport {
  const taken = 1_000_000 + beat * 17
  const tally = { dispatched: 170, succeeded: 168, failed: 0, durations: buckets(12, 14) }
  return buildReport({
    id: `worker-host-${index}-a1b2c3d4`,
    worker: `worker-host-${index}`,
    version: index % 10 === 9 ? 'v2' : 'v1',
    beat,
    at: Date.now(),
    uptimeMs: beat * 50,
    obeyed,
    inFlight: 7,
    counts: { ...buildReport().counts, taken, succeeded: taken - 12, failed: 5 },
    durations: buckets(60, 16_000 + beat),
    cohorts: { [current]: tally, [Math.max(0, current - 1)]: tally },
    errors: { TypeError: 3, 'FetchError ECONNRESET': 2 },
    eventLoopDelayMs: beat % 7,
  })
}

function buckets(count: number, each: number): Record<number, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [100 + index, each + index]))
}
