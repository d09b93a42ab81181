import { noCounts } from '../../src/core/evidence/counts.ts'
import type { ConsumerReport } from '../../src/core/rollout/consumer-report.ts'

/** A ready and linked consumer of `v1` that has handled nothing; with what is given instead. */
export function buildReport(parts: Partial<ConsumerReport> = {}): ConsumerReport {
  return {
    id: 's1',
    worker: 'w1',
    version: 'v1',
    beat: 1,
    at: 0,
    uptimeMs: 0,
    state: 'ready',
    link: 'consuming',
    linkReason: undefined,
    obeyed: undefined,
    capacity: 10,
    inFlight: 0,
    stuck: 0,
    counts: noCounts,
    durations: {},
    cohorts: {},
    errors: {},
    handlerTimeoutMs: 30_000,
    eventLoopDelayMs: 0,
    drain: undefined,
    contract: undefined,
    ...parts,
  }
}
