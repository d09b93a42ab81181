import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../../../src/contracts/store.ts'
import { compareOrder } from '../../../src/core/rollout/order.ts'
import type { Order } from '../../../src/core/rollout/order.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { createQueueRecords } from '../../../src/records/queue-records.ts'

export interface StateWatch {
  /** What was wrong with the order of decisions, in words; empty when nothing was. */
  readonly faults: readonly string[]
  /** Holders of the lease, one after the other. */
  readonly holders: readonly string[]
  /** As it was last read. */
  readonly last: QueueState | undefined
  /** Versions that have reported so far. */
  readonly versions: ReadonlySet<string>
  /** Closes the store as well. */
  stop(): Promise<void>
}

/**
 * Looks at the store beside the processes: the order of the queue's document never goes back, one epoch has one holder of the lease, and no
 * consumer obeys an older order after a newer one.
 */
export function watchState(store: Store): StateWatch {
  const records = createQueueRecords(store, { namespace: 'default', queue: 'orders' })
  const faults: string[] = []
  const holders: string[] = []
  const versions = new Set<string>()
  const judge = new OrderJudge(faults, holders)
  let last: QueueState | undefined
  let stopped = false
  const running = watch()

  async function watch(): Promise<void> {
    for (; !stopped; await pause(20)) await look().catch(mayBeAway)
    await store.close()
  }

  async function look(): Promise<void> {
    last = (await records.readState())?.state
    if (last !== undefined) judge.state(last)
    for (const { id, version, obeyed } of await records.readReports()) {
      versions.add(version)
      judge.obeyed(id, obeyed)
    }
  }

  return {
    faults,
    holders,
    get last() {
      return last
    },
    versions,
    stop: () => {
      stopped = true
      return running
    },
  }
}

/** Whether the process is the holder of a lease, as the consumer's id says. */
export function isHolder(pid: number, holder: string | null | undefined): boolean {
  return holder?.includes(`-${pid}.`) === true
}

/** A store that a test takes away tells nothing meanwhile. */
function mayBeAway(error: unknown): void {
  if (!isQueueCanaryError(error, 'STORE_UNREACHABLE')) throw error
}

class OrderJudge {
  readonly #faults: string[]
  readonly #holders: string[]
  readonly #holderOf = new Map<number, string>()
  readonly #obeyed = new Map<string, Order>()
  #last: QueueState | undefined

  constructor(faults: string[], holders: string[]) {
    this.#faults = faults
    this.#holders = holders
  }

  state(state: QueueState): void {
    this.#ascends('the document', this.#last, state)
    this.#last = state
    const { holder } = state.lease
    if (holder === undefined) return
    const known = this.#holderOf.get(state.epoch)
    if (known !== undefined && known !== holder)
      this.#faults.push(`epoch ${state.epoch} has two coordinators: ${known}, ${holder}`)
    this.#holderOf.set(state.epoch, holder)
    if (this.#holders.at(-1) !== holder) this.#holders.push(holder)
  }

  obeyed(id: string, order: Order | undefined): void {
    if (order === undefined) return
    this.#ascends(`what ${id} obeys`, this.#obeyed.get(id), order)
    this.#obeyed.set(id, order)
  }

  #ascends(what: string, before: Order | undefined, now: Order): void {
    if (before === undefined) return
    const order = compareOrder(before, now)
    if (order === undefined || order > 0)
      this.#faults.push(`${what} went from ${before.epoch}/${before.sequence} to ${now.epoch}/${now.sequence}`)
  }
}
