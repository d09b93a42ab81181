import type { Logger } from '../contracts/logger.ts'
import type { Revision } from '../contracts/store.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import { compareOrder } from '../core/rollout/order.ts'
import type { Order } from '../core/rollout/order.ts'
import { runningRollout } from '../core/rollout/queue-state.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { abortablePhases } from '../core/rollout/rollout.ts'
import { isQueueCanaryError } from '../errors.ts'
import type { QueueRecords } from './queue-records.ts'

/** Of a document that others write at the same time. */
const writeAttempts = 3

type Found = NonNullable<Awaited<ReturnType<QueueRecords['readState']>>>

/**
 * Records that do not go back in time. A store takes back what was written when it is restored from a dump, or loses writes that it had confirmed:
 * then the newest document that was known is written again, as it was, with the policy of its rollout, by whoever knows both. What was promoted,
 * retired or aborted stays so, and a rollout goes on from where it was. Where there is no document at all, that holds from the commit of a promotion
 * to its end, and in a rollback, when nothing is on trial any more. A stale read is no loss, and does no harm: nothing is written on it.
 */
export class RememberingRecords implements QueueRecords {
  readonly #records: QueueRecords
  readonly #log: Logger
  #known: QueueState | undefined
  #pinned: { readonly digest: string; readonly policy: Policy } | undefined
  /** The policy that was asked for last; what is not there at the first sight of a rollout will not come. */
  #asked: string | undefined

  constructor(records: QueueRecords, log: Logger) {
    this.#records = records
    this.#log = log
  }

  /** Resolves to what the store holds: written again, if that could be done. */
  async readState(): Promise<Found | undefined> {
    let found = await this.#records.readState()
    for (let attempt = 0; attempt < writeAttempts; attempt++) {
      const lost = this.#lostSince(found)
      if (lost === undefined) break
      const again = await this.#writeAgain(lost, found)
      if (again !== 'changed') return again
      // Somebody else was faster, most likely with the same; or what was read is old, and will be for a while.
      const next = await this.#records.readState()
      if (next?.revision === found?.revision) break
      found = next
    }
    return this.#accept(found)
  }

  /** The newest document that is known, where the store holds an older one, or none in the place of one that must not be lost. */
  #lostSince(found: Found | undefined): QueueState | undefined {
    const known = this.#known
    if (known === undefined) return undefined
    const isLost = found === undefined ? isDecided(known) : isOlder(found.state, known)
    return isLost ? known : undefined
  }

  /** A document that is older than what is known rests on a stale read, or on a store that has gone back and could not be mended: a conflict. */
  async writeState(state: QueueState, expected: Revision | undefined): Promise<Revision | undefined> {
    const whole = expected === undefined ? this.#withRetired(state) : state
    if (this.#known !== undefined && isOlder(whole, this.#known)) return undefined
    const revision = await this.#records.writeState(whole, expected)
    if (revision !== undefined) this.#learn(whole)
    return revision
  }

  /** A document in the place of one that is lost. Its writer may not have read yet what its own coordinator has decided. */
  #withRetired(state: QueueState): QueueState {
    const known = this.#known
    if (known?.stable !== state.stable) return state
    return { ...state, tombstones: { ...known.tombstones, ...state.tombstones } }
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

  async #accept(found: Found | undefined): Promise<Found | undefined> {
    if (found === undefined) return undefined
    await this.#learnPolicy(found.state)
    this.#learn(found.state)
    return found
  }

  /** `changed`: the store holds something else by now. One that can be read and not written has still gone back: that must be seen. */
  async #writeAgain(state: QueueState, found: Found | undefined): Promise<Found | 'changed' | undefined> {
    const orders = { found: found && orderOf(found.state), known: orderOf(state) }
    try {
      const digest = runningRollout(state)?.policyDigest
      if (digest !== undefined && digest === this.#pinned?.digest)
        await this.#records.writePolicy(digest, this.#pinned.policy)
      const revision = await this.#records.writeState(state, found?.revision)
      if (revision === undefined) return 'changed'
      this.#log.error(orders, 'the store went back in time: the newest document that is known is written again')
      return { state, revision }
    } catch (error) {
      this.#log.error({ ...orders, error: String(error) }, 'the store went back in time, and cannot be written')
      return found
    }
  }

  /** A rollout without its policy could not go on: such a document is not worth writing again. */
  #learn(state: QueueState): void {
    const digest = runningRollout(state)?.policyDigest
    if (digest !== undefined && digest !== this.#pinned?.digest) return
    if (this.#known === undefined || !isOlder(state, this.#known)) this.#known = state
  }

  async #learnPolicy(state: QueueState): Promise<void> {
    const digest = runningRollout(state)?.policyDigest
    if (digest === undefined || digest === this.#asked) return
    try {
      await this.readPolicy(digest)
      this.#asked = digest
    } catch (error) {
      // Told by the coordinator, who cannot do without; the document is obeyed all the same.
      if (isQueueCanaryError(error, 'RECORD_INVALID')) this.#asked = digest
    }
  }
}

/** Documents of two generations are neither older nor newer: the one that the store holds counts. */
function isOlder(state: QueueState, known: QueueState): boolean {
  const order = compareOrder(state, known) ?? 1
  return order === 0 ? lacksCommand(state, known) : order < 0
}

/** Within one order, commands are only added. */
function lacksCommand({ commands }: QueueState, known: QueueState): boolean {
  return known.commands.some(({ id }) => commands.every((command) => command.id !== id))
}

/** Where its rollout has no way back from. */
function isDecided(state: QueueState): boolean {
  const rollout = runningRollout(state)
  return rollout !== undefined && !abortablePhases.includes(rollout.phase)
}

function orderOf({ generation, epoch, sequence }: Order): Order {
  return { generation, epoch, sequence }
}
