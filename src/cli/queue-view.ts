import type { Clock } from '../contracts/clock.ts'
import type { Store } from '../contracts/store.ts'
import { pinnedPolicy } from '../coordinator/pinned-policy.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { isQueueCanaryError, QueueCanaryError } from '../errors.ts'
import { createQueueRecords } from '../records/queue-records.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import type { QueueEntry, QueueStatus } from '../status/queue-status.ts'
import { statusOf } from '../status/snapshot.ts'

export interface QueuePlace {
  readonly namespace: string
  readonly queue: string
}

/** Reads the status of one queue again and again; a pinned policy is read once. */
export interface QueueView {
  readonly place: QueuePlace
  readonly records: QueueRecords
  /** Rejects with `NOT_FOUND` where no worker has registered for the queue yet. */
  readonly read: () => Promise<QueueStatus>
  /** The same from these reports alone, with one question to the store instead of one per consumer. */
  readonly readWith: (reports: readonly ConsumerReport[]) => Promise<QueueStatus>
}

export function createQueueView(store: Store, place: QueuePlace, clock: Clock): QueueView {
  const records = createQueueRecords(store, place)
  let pinned: { readonly digest: string; readonly policy: Policy | undefined } | undefined
  const statusFrom = async (
    state: QueueState,
    reports: readonly ConsumerReport[],
    isPartial = false,
  ): Promise<QueueStatus> => {
    const digest = state.rollout?.policyDigest
    if (digest !== undefined && digest !== pinned?.digest)
      pinned = { digest, policy: await pinnedPolicy(records, digest) }
    const policy = digest === undefined ? undefined : pinned?.policy
    return statusOf({ ...place, state, reports, isPartial, policy, now: clock.wall() })
  }
  return {
    place,
    records,
    read: async () => statusFrom(...(await Promise.all([readQueue(records, place), records.readReports()]))),
    readWith: async (reports) => statusFrom(await readQueue(records, place), reports, true),
  }
}

/**
 * What is wrong with the records of one queue stands in its place. What is wrong with the store concerns every queue, and rejects, unless all that
 * matters is done (`bears`).
 */
export async function entryOf(
  { queue, namespace }: QueuePlace,
  reading: Promise<QueueStatus>,
  bears = (error: unknown): error is QueueCanaryError => isQueueCanaryError(error, 'RECORD_INVALID'),
): Promise<QueueEntry> {
  try {
    return await reading
  } catch (error) {
    if (!bears(error)) throw error
    return { queue, namespace, error: { code: error.code, message: error.message } }
  }
}

/** The queue's document. */
export async function readQueue(records: QueueRecords, place: QueuePlace): Promise<QueueState> {
  const found = await records.readState()
  if (found !== undefined) return found.state
  throw unknownQueue(place)
}

export function unknownQueue({ queue, namespace }: QueuePlace): QueueCanaryError {
  const what = `no worker has registered for queue ${JSON.stringify(queue)} in namespace ${JSON.stringify(namespace)} of this store`
  return new QueueCanaryError('NOT_FOUND', `${what}: start the workers first, and check --store and --namespace`)
}
