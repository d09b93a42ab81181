import type { Logger } from '../contracts/logger.ts'
import type { Revision } from '../contracts/store.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import { compareOrder } from '../core/rollout/order.ts'
import type { Order } from '../core/rollout/order.ts'
import { runningRollout } from '../core/rollout/queue-state.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { abortablePhases } from '../core/rollout/rollout.ts'
import type { QueueRecords } from './queue-records.ts'

type Found = NonNullable<Awaited<ReturnType<QueueRecords['readState']>>>

/**
 * Records that do not go back in time. A store takes back what was written when it is restored from a dump, or loses writes that it had confirmed:
 * then the newest document that was known is written again, as it was, with the policy of its rollout, by whoever knows both. What was promoted,
 * retired or aborted stays so, and a rollout goes on from where it was. Where there is no document at all, one with a canary on trial is not written
 * again: its trial is over. A stale read is no loss, and does no harm: its revision has gone.
 */
export class RememberingRecords implements QueueRecords {
  readonly #records: QueueRecords
  readonly #log: Logger
  #known: QueueState | undefined
  #pinned: { readonly digest: string; readonly policy: Policy } | undefined

  constructor(records: QueueRecords, log: Logger) {
    this.#records = records
    this.#log = log
  }

  async readState(): Promise<Found | undefined> {
    const found = await this.#records.readState()
    const known = this.#known
    if (known !== undefined && (found === undefined ? !isOnTrial(known) : isOlder(found.state, known)))
      return this.#writeAgain(known, found)
    if (found === undefined) return undefined
    await this.#learnPolicy(found.state)
    this.#learn(found.state)
    return found
  }

  async writeState(state: QueueState, expected: Revision | undefined): Promise<Revision | undefined> {
    const revision = await this.#records.writeState(state, expected)
    if (revision !== undefined) this.#learn(state)
    return revision
  }

  async readPolicy(digest: string): Promise<Policy | undefined> {
    if (this.#pinned?.digest === digest) return this.#pinned.policy
    const policy = await this.#records.readPolicy(digest)
    if (policy !== undefined) this.#pinned = { digest, policy }
    return policy
  }

  async writePolicy(digest: string, policy: Policy): Promise<void> {
    await this.#records.writePolicy(digest, policy)
    this.#pinned = { digest, policy }
  }

  readReports(): Promise<readonly ConsumerReport[]> {
    return this.#records.readReports()
  }

  writeReport(report: ConsumerReport): Promise<void> {
    return this.#records.writeReport(report)
  }

  removeReport(id: string): Promise<void> {
    return this.#records.removeReport(id)
  }

  async #writeAgain(state: QueueState, found: Found | undefined): Promise<Found | undefined> {
    if (this.#pinned !== undefined) await this.#records.writePolicy(this.#pinned.digest, this.#pinned.policy)
    const revision = await this.#records.writeState(state, found?.revision)
    if (revision === undefined) return found
    const text = 'the store went back in time: the newest document that is known is written again'
    this.#log.error({ found: found && orderOf(found.state), known: orderOf(state) }, text)
    return { state, revision }
  }

  /** A rollout without its policy could not go on: such a document is not worth writing again. */
  #learn(state: QueueState): void {
    const digest = runningRollout(state)?.policyDigest
    if (digest !== undefined && digest !== this.#pinned?.digest) return
    if (this.#known === undefined || !isOlder(state, this.#known)) this.#known = state
  }

  async #learnPolicy(state: QueueState): Promise<void> {
    const digest = runningRollout(state)?.policyDigest
    if (digest === undefined) return
    try {
      await this.readPolicy(digest)
    } catch {
      // Told by the coordinator, who cannot do without; the document is obeyed all the same.
    }
  }
}

/** Documents of two generations are neither older nor newer: the one that the store holds counts. */
function isOlder(state: QueueState, known: QueueState): boolean {
  return (compareOrder(state, known) ?? 0) < 0
}

function isOnTrial(state: QueueState): boolean {
  const rollout = runningRollout(state)
  return rollout !== undefined && abortablePhases.includes(rollout.phase)
}

function orderOf({ generation, epoch, sequence }: Order): Order {
  return { generation, epoch, sequence }
}
