import type { ConsumerAllocation, Lane } from '../../../src/core/allocation/lane.ts'
import type { Order } from '../../../src/core/rollout/order.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { orderKey } from './events.ts'
import type { Start } from './events.ts'

/** What a consumer was given at a time. */
type Allowed = Pick<ConsumerAllocation, 'concurrency' | 'failures'>

const rememberedDocuments = 2_000
/** What a throttled consumer may add to its permits while a grant is late, at most (`core/allocation/permits.ts`). */
const bridgeMs = 250

/** What the documents of a queue have let its consumers do. */
export class Grants {
  /** Messages may wait for others, and have their slots since an earlier document. */
  readonly #batches: boolean
  readonly #documents = new Map<string, QueueState>()
  readonly #permitted = new Map<string, number>()
  readonly #allowed = new Map<string, Allowed>()

  constructor(batches: boolean) {
    this.#batches = batches
  }

  take(state: QueueState): void {
    this.#documents.set(orderKey(state), state)
    const [oldest] = this.#documents.size > rememberedDocuments ? this.#documents.keys() : []
    if (oldest !== undefined) this.#documents.delete(oldest)
    for (const [id, allocation] of Object.entries(state.allocations.consumers)) this.#grant(id, allocation)
  }

  documentOf(order: Order | undefined): QueueState | undefined {
    return order && this.#documents.get(orderKey(order))
  }

  allocationOf({ report }: Start): { readonly lane: Lane; readonly own: ConsumerAllocation | undefined } | undefined {
    const document = this.documentOf(report.obeyed)
    return document && { lane: document.allocations.canary, own: document.allocations.consumers[report.id] }
  }

  /** Messages that the consumer may have taken in all, by any document so far: what was bridged under an older one may begin under a newer one. */
  mostPermitted(consumer: string): number {
    return this.#permitted.get(consumer) ?? 0
  }

  mostAllowed(consumer: string, now: Allowed): Allowed {
    return (this.#batches ? this.#allowed.get(consumer) : undefined) ?? now
  }

  /** Its version was promoted while the message waited for others. */
  isPromoted({ version, report }: Start): boolean {
    return this.#batches && this.documentOf(report.obeyed)?.stable === version
  }

  #grant(id: string, { permits = Infinity, bridge, concurrency, failures }: ConsumerAllocation): void {
    const before = this.#allowed.get(id) ?? { concurrency, failures }
    this.#allowed.set(id, {
      concurrency: Math.max(before.concurrency, concurrency),
      failures: Math.max(before.failures, failures),
    })
    const bridged = bridge === undefined ? 0 : Math.floor(bridge.permitsPerMs * bridgeMs)
    this.#permitted.set(id, Math.max(this.mostPermitted(id), permits + bridged))
  }
}
