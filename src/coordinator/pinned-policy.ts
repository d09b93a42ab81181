import type { Policy } from '../core/policy/policy.ts'
import { isQueueCanaryError } from '../errors.ts'
import type { QueueRecords } from '../records/queue-records.ts'

/** The policy that a rollout is pinned to; undefined where there is none, or none that this release can read. */
export async function pinnedPolicy(
  records: Pick<QueueRecords, 'readPolicy'>,
  digest: string,
): Promise<Policy | undefined> {
  try {
    return await records.readPolicy(digest)
  } catch (error) {
    if (isQueueCanaryError(error, 'RECORD_INVALID')) return undefined
    throw error
  }
}
