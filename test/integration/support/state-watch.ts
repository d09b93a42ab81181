import { setTimeout as pause } from 'node:timers/promises'
import { sqliteStore } from '../../../adapters/stores/sqlite/index.ts'
import { compareOrder } from '../../../src/core/rollout/order.ts'
import type { Order } from '../../../src/core/rollout/order.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { createQueueRecords } from '../../../src/records/queue-records.ts'

export interface StateWatch {
  /** What was wrong with the order of decisions, in words; empty when nothing was. */
  readonly faults: readonly string[]
  /** Holders of the lease, one after the other. */
  readonly holders: readonly string[]
  stop(): Promise<void>
}

/**
 * Looks at the store beside the processes: the order of the queue's document never goes back, one epoch has one holder of the lease, and no
 * consumer obeys an older order after a newer one.
 */
export function watchState(path: string): StateWatch {
  const store = sqliteStore({ path })
  const records = createQueueRecords(store, { namespace: 'default', queue: 'orders' })
  const faults: string[] = []
  const holders: string[] = []
  const judge = new OrderJudge(faults, holders)
  let stopped = false
  const running = watch()

  async function watch(): Promise<void> {
    for (; !stopped; await pause(20)) {
      const found = await records.readState()
      if (found !== undefined) judge.state(found.state)
      for (const { id, obeyed } of await records.readReports()) judge.obeyed(id, obeyed)
    }
    await store.close()
  }

  return {
    faults,
    holders,
    stop: () => {
      stopped = true
      return running
    },
  }
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
