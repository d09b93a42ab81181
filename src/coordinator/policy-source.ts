import type { Policy } from '../core/policy/policy.ts'
import { isQueueCanaryError } from '../errors.ts'
import type { QueueRecords } from '../records/queue-records.ts'

/** The policy that the running rollout is pinned to, read once. */
export class PolicySource {
  readonly #records: QueueRecords
  #found: { readonly digest: string; readonly policy: Policy } | undefined

  constructor(records: QueueRecords) {
    this.#records = records
  }

  /** undefined where there is none, or none that this release can read. */
  async read(digest: string): Promise<Policy | undefined> {
    if (this.#found?.digest === digest) return this.#found.policy
    const policy = await this.#readable(digest)
    this.#found = policy && { digest, policy }
    return policy
  }

  async #readable(digest: string): Promise<Policy | undefined> {
    try {
      return await this.#records.readPolicy(digest)
    } catch (error) {
      if (isQueueCanaryError(error, 'RECORD_INVALID')) return undefined
      throw error
    }
  }
}
