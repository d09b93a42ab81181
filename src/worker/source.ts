import { isLinked } from '../contracts/broker.ts'
import type { Broker, Delivery, DeliverySink, LinkState, SubscribeRequest, Subscription } from '../contracts/broker.ts'
import { describeTrouble } from './describe-trouble.ts'

export interface SourceOwner {
  onDelivery(delivery: Delivery, source: Source): void
  onLink(source: Source): void
}

/** One subscription, and what is still unsettled of its deliveries. */
export class Source implements DeliverySink {
  readonly request: SubscribeRequest
  readonly #owner: SourceOwner
  readonly #heldBy: 'link' | 'lease'
  readonly #opening: Promise<void>
  #subscription: Subscription | undefined
  #granted: number
  #wayMs: number | undefined
  #closing: Promise<void> | undefined
  #retired = false
  #received = 0
  #unsettled = 0
  #linkNumber = 0
  #link: LinkState = 'connecting'
  #reason: string | undefined

  constructor(broker: Broker, request: SubscribeRequest, owner: SourceOwner) {
    this.request = request
    this.#owner = owner
    this.#heldBy = broker.capabilities.heldBy
    this.#granted = request.permits
    this.#opening = this.#open(broker)
  }

  get link(): LinkState {
    return this.#link
  }

  get linkReason(): string | undefined {
    return this.#reason
  }

  /** Changes when a link is lost that held deliveries: those are void. */
  get linkNumber(): number {
    return this.#linkNumber
  }

  get received(): number {
    return this.#received
  }

  get unsettled(): number {
    return this.#unsettled
  }

  /** Permits that were given and not used. */
  get unused(): number {
    return this.#granted - this.#received
  }

  onDelivery(delivery: Delivery): void {
    this.#received++
    this.#unsettled++
    this.#owner.onDelivery(delivery, this)
  }

  onLink(state: LinkState, reason?: string): void {
    this.#link = state
    this.#reason = reason
    if (!isLinked(state) && (this.#heldBy === 'link' || state === 'missing' || state === 'closed')) {
      this.#linkNumber++
      this.#unsettled = 0
    }
    this.#owner.onLink(this)
  }

  permit(total: number): void {
    if (!(total > this.#granted)) return
    this.#granted = total
    this.#subscription?.permit(total)
  }

  /** See `Subscription`. */
  giveWay(restMs: number | undefined): void {
    if (restMs === this.#wayMs) return
    this.#wayMs = restMs
    this.#subscription?.giveWay?.(restMs)
  }

  /** To be told once per delivery, when it is settled, or found void. */
  settled(linkNumber: number): void {
    if (linkNumber !== this.#linkNumber) return
    this.#unsettled--
    if (this.#retired && this.#unsettled === 0) void this.close()
  }

  async stop(): Promise<void> {
    await this.#opening
    await quietly(() => this.#subscription?.stop())
  }

  /** `stop`, then closes as soon as the last delivery is settled. */
  async retire(): Promise<void> {
    await this.stop()
    this.#retired = true
    if (this.#unsettled === 0) void this.close()
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #open(broker: Broker): Promise<void> {
    try {
      this.#subscription = await broker.subscribe(this.request, this)
      if (this.#granted > this.request.permits) this.#subscription.permit(this.#granted)
      if (this.#wayMs !== undefined) this.#subscription.giveWay?.(this.#wayMs)
    } catch (error) {
      this.onLink('refused', describeTrouble(error))
    }
  }

  async #close(): Promise<void> {
    await this.#opening
    await quietly(() => this.#subscription?.close())
  }
}

/** Stopping and closing have done what they can even where they fail: the broker takes back what is left. */
async function quietly(act: () => Promise<void> | undefined): Promise<void> {
  try {
    await act()
  } catch {
    // The adapter reports its trouble over the link.
  }
}
