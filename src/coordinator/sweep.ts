import type { ConsumerReport } from '../core/rollout/consumer-report.ts'

/** A report that stands still for this long belongs to nobody any more. */
const forgottenMs = 60_000
/** A sign-off stays long enough for whoever watches the end of a rollout to read its final counts. */
const renewalsToBeSeenMs = 10_000
/** The lease is renewed between two sweeps: removing what a fleet of hundreds has left behind must not take as long as it lasts. */
const mostAtOnce = 20

/** The reports to remove now, of consumers that signed off or died. To be asked between rollouts only: while one runs, its totals rest on them. */
export function sweepable(reports: readonly ConsumerReport[], silentMs: (id: string) => number): readonly string[] {
  const left = reports.filter(({ id, state }) => silentMs(id) >= (state === 'gone' ? renewalsToBeSeenMs : forgottenMs))
  return left.slice(0, mostAtOnce).map(({ id }) => id)
}
