import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { QueueRecords } from '../records/queue-records.ts'

/** A report that stands still for this long belongs to nobody any more. */
const forgottenMs = 60_000

/** Removes the reports of consumers that signed off or died. Only between rollouts: while one runs, its totals rest on them. */
export async function sweepReports(
  records: QueueRecords,
  reports: readonly ConsumerReport[],
  silentMs: (id: string) => number,
): Promise<void> {
  for (const { id, state } of reports) {
    const silent = silentMs(id)
    if (silent >= forgottenMs || (state === 'gone' && silent >= renewalsToBeSeenMs)) await records.removeReport(id)
  }
}

/** A sign-off stays long enough for whoever watches the end of a rollout to read its final counts. */
const renewalsToBeSeenMs = 10_000
