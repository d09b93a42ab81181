import type {
  DeliverySink,
  LinkState,
  RetryNote,
  SubscribeRequest,
  Subscription,
} from '../../../src/contracts/broker.ts'
import { within } from '../../../src/worker/deadline.ts'
import type { SqsLink } from './sqs-link.ts'
import { SqsDelivery } from './sqs-delivery.ts'
import { SqsLease } from './sqs-lease.ts'
import { visibilityMs } from './sqs-server.ts'
import type { Dispatch } from './stored-message.ts'

export interface SqsSource {
  readonly queue: string
  readonly request: SubscribeRequest
  readonly sink: DeliverySink
}

const pollMs = 1_000
const pollPatienceMs = 3_500
const stopMs = 4_000
const againMs = 300
const mostAtOnce = 10
/** What was parked waits so long for a place. */
const noPlaceMs = 500

/** Polls while it has permits and room, for no more than it may have; what it holds is kept invisible until it is settled. */
export class SqsSubscription implements Subscription {
  readonly #client: SqsLink
  readonly #source: SqsSource
  readonly #held = new Set<SqsDelivery>()
  /** Waits under its lease, the oldest first. */
  readonly #parked = new Set<SqsLease>()
  #permits: number
  #received = 0
  #polling: Promise<void> | undefined
  #isStopped = false
  #reported: LinkState | undefined

  constructor(client: SqsLink, source: SqsSource) {
    this.#client = client
    this.#source = source
    this.#permits = source.request.permits
    this.#later(() => {
      this.#reportLinked()
      this.#poll()
    })
    this.#keepHeld()
  }

  permit(total: number): void {
    if (!(total > this.#permits)) return
    this.#permits = total
    this.#later(() => {
      this.#reportLinked()
      this.#poll()
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#reportLinked()
    const parked = [...this.#parked]
    this.#parked.clear()
    if (this.#polling !== undefined) await within(this.#client.place.container.clock, stopMs, this.#polling)
    // Not before: a poll of its own would take them again.
    for (const lease of parked.toReversed()) this.#deliveryOf(lease).requeue()
  }

  async close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#held) delivery.requeue()
    this.#held.clear()
    this.#report('closed')
  }

  get #wanted(): number {
    const room = this.#source.request.maxUnsettled - this.#held.size
    return this.#isStopped ? 0 : Math.min(mostAtOnce, this.#permits - this.#received, room)
  }

  #poll(): void {
    if (this.#polling !== undefined || this.#wanted <= 0) return
    this.#polling = this.#pollOnce().then(() => {
      this.#polling = undefined
      this.#poll()
    })
  }

  async #pollOnce(): Promise<void> {
    const { place, server } = this.#client
    const { queue } = this.#source
    const request = { queue, container: place.container.name, max: this.#wanted }
    try {
      const found = await this.#client.ask<readonly Dispatch[]>(
        (answer) => server.receive({ ...request, answer }, pollMs),
        pollPatienceMs,
      )
      for (const dispatch of found) this.#onDelivery(dispatch)
    } catch {
      await place.container.clock.sleep(againMs)
    }
  }

  #onDelivery(dispatch: Dispatch): void {
    this.#received++
    this.#report('consuming')
    this.#pass(this.#deliveryOf(new SqsLease(this.#client, dispatch)))
  }

  #pass(delivery: SqsDelivery): void {
    this.#held.add(delivery)
    this.#source.sink.onDelivery(delivery)
    this.#reportLinked()
  }

  #deliveryOf(lease: SqsLease, parked?: RetryNote): SqsDelivery {
    const onSettled = (): void => {
      this.#held.delete(delivery)
      this.#later(() => this.#poll())
    }
    const onPark = (note: RetryNote): void => this.#park(lease, note, note.delayMs)
    const delivery: SqsDelivery = new SqsDelivery(this.#client, lease, { onSettled, onPark }, parked)
    return delivery
  }

  #park(lease: SqsLease, note: RetryNote, delayMs: number): void {
    this.#parked.add(lease)
    this.#client.place.container.after(delayMs, () => {
      if (lease.isOver || this.#isStopped || !this.#parked.has(lease)) return
      if (this.#held.size >= this.#source.request.maxUnsettled) return this.#park(lease, note, noPlaceMs)
      this.#parked.delete(lease)
      this.#pass(this.#deliveryOf(lease, note))
    })
  }

  /** Long before the visibility of what is held runs out, it is extended. What was lost leaves room. */
  #keepHeld(): void {
    this.#client.place.container.after(visibilityMs / 3, () => {
      for (const delivery of this.#held)
        if (delivery.isVoid) this.#held.delete(delivery)
        else void delivery.lease.extend()
      for (const lease of this.#parked)
        if (lease.isOver) this.#parked.delete(lease)
        else void lease.extend()
      this.#poll()
      if (this.#reported !== 'closed') this.#keepHeld()
    })
  }

  #later(act: () => void): void {
    this.#client.place.container.after(0, act)
  }

  #reportLinked(): void {
    this.#report(!this.#isStopped && this.#received < this.#permits ? 'consuming' : 'idle')
  }

  #report(state: LinkState): void {
    if (state === this.#reported || this.#reported === 'closed') return
    this.#reported = state
    this.#source.sink.onLink(state)
  }
}
