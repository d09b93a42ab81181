import type {
  DeliverySink,
  HandBackNote,
  LinkState,
  Passage,
  RetryNote,
  SubscribeRequest,
  Subscription,
} from '../../../src/contracts/broker.ts'
import { MemoryDelivery } from './memory-delivery.ts'
import type { HandOver } from './memory-delivery.ts'
import type { Linked, MemoryHub } from './memory-hub.ts'
import { MemoryLink } from './memory-link.ts'
import type { LinkOwner } from './memory-link.ts'
import type { StoredMessage } from './stored-message.ts'

export interface SubscriptionSource {
  readonly queue: string
  readonly handOver: HandOver<HandBackNote>
  readonly wait: HandOver<RetryNote>
  passage(message: StoredMessage): Passage
  onClose(subscription: MemorySubscription): void
}

/** A subscription to one queue of the hub: keeps itself linked, counts permits, makes deliveries. */
export class MemorySubscription implements Subscription, Linked, LinkOwner {
  readonly precedence: 'normal' | 'ahead'
  readonly maxUnsettled: number
  readonly #hub: MemoryHub
  readonly #source: SubscriptionSource
  readonly #sink: DeliverySink
  #permits: number
  #taken = 0
  #link: MemoryLink | undefined
  #reported: LinkState | undefined
  #phase: 'running' | 'stopped' | 'closed' = 'running'

  constructor(hub: MemoryHub, source: SubscriptionSource, request: SubscribeRequest, sink: DeliverySink) {
    this.precedence = request.precedence
    this.maxUnsettled = request.maxUnsettled
    this.#permits = request.permits
    this.#hub = hub
    this.#source = source
    this.#sink = sink
    hub.join(this)
    hub.schedule(() => this.relink())
  }

  permit(total: number): void {
    if (!(total > this.#permits)) return
    this.#permits = total
    this.#link?.queue.wake()
    // Not within the call: `permit` is often called from inside `onDelivery`.
    this.#hub.schedule(() => this.#reportLinked())
  }

  stop(): Promise<void> {
    if (this.#phase === 'running') this.#phase = 'stopped'
    this.#reportLinked()
    return Promise.resolve()
  }

  close(): Promise<void> {
    if (this.#phase === 'closed') return Promise.resolve()
    this.#phase = 'closed'
    this.#hub.leave(this)
    this.#dropLink()
    this.#report('closed')
    this.#source.onClose(this)
    return Promise.resolve()
  }

  wantsMore(): boolean {
    return this.#phase === 'running' && this.#taken < this.#permits
  }

  receive(link: MemoryLink, message: StoredMessage): void {
    this.#report('consuming')
    this.#taken++
    const delivery = new MemoryDelivery(message, this.#source.passage(message), link, this.#source)
    message.deliveries++
    this.#sink.onDelivery(delivery)
    this.#reportLinked()
  }

  relink(): void {
    if (this.#phase === 'closed') return
    const queue = this.#hub.reachable ? this.#hub.queue(this.#source.queue) : undefined
    if (this.#link?.queue !== queue) this.#dropLink()
    if (queue === undefined) return this.#report(this.#hub.reachable ? 'missing' : 'connecting')
    this.#link ??= new MemoryLink(queue, this)
    this.#reportLinked()
  }

  unlink(reason: string): void {
    this.#dropLink()
    this.#report('connecting', reason)
    this.#hub.schedule(() => this.relink())
  }

  #dropLink(): void {
    const link = this.#link
    this.#link = undefined
    link?.end()
  }

  #reportLinked(): void {
    if (this.#link !== undefined) this.#report(this.wantsMore() ? 'consuming' : 'idle')
  }

  #report(state: LinkState, reason?: string): void {
    if (state === this.#reported) return
    this.#reported = state
    this.#sink.onLink(state, reason)
  }
}
