import { addCounts, mergeCounts, noCounts } from '../core/evidence/counts.ts'
import type { Counts } from '../core/evidence/counts.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import type { Rollout } from '../core/rollout/rollout.ts'

export interface StatusInput {
  readonly queue: string
  readonly namespace: string
  readonly state: QueueState
  readonly reports: readonly ConsumerReport[]
  /** The reports are those of one process only. @default false */
  readonly isPartial?: boolean
  /** The policy that the rollout was started with; undefined without a rollout, or where it cannot be read. */
  readonly policy: Policy | undefined
  /** Milliseconds since 1970: to tell which reports are recent, and whether a freeze holds. */
  readonly now: number
}

/** A consumer that was not heard of for this long is not shown as living. For display only: coordinators watch beats. */
export const silentMs = 10_000

/** The input, and the reports sorted into living ones and totals per version. */
export interface StatusView extends StatusInput {
  readonly living: readonly ConsumerReport[]
  /** Over all consumers of the version, living and gone. */
  readonly totals: (version: string) => Counts
}

export function viewOf(input: StatusInput): StatusView {
  const { reports, now, state } = input
  return {
    ...input,
    living: reports.filter(({ at, state }) => state !== 'gone' && now - at < silentMs),
    totals: (version) => {
      const told = reports.filter((report) => report.version === version).map(({ counts }) => counts)
      return mergeCounts(told.reduce(addCounts, noCounts), lastSeen(state.rollout, version))
    },
  }
}

/** After a rollout the reports of its consumers are removed one by one; what the coordinator saw last stays. */
function lastSeen(rollout: Rollout | undefined, version: string): Counts {
  if (version === rollout?.canary) return rollout.latest?.canary ?? noCounts
  return version === rollout?.stable ? (rollout.latest?.stable ?? noCounts) : noCounts
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
