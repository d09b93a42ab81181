import type {
  Broker,
  BrokerCapabilities,
  Delivery,
  DeliverySink,
  LinkState,
  SubscribeRequest,
  Subscription,
} from '../../../src/contracts/broker.ts'
import { eventually } from '../../support/eventually.ts'
import type { BrokerTarget, BrokerUnderTest, ConnectOverrides, Outgoing } from './target.ts'

/** One promise of the contract. Names are unique: targets skip by name. */
export interface BrokerCase {
  readonly name: string
  /** Why a broker that can do no more than this leaves the case out; undefined where it does not. */
  readonly leftOut?: (capabilities: BrokerCapabilities) => string | undefined
  run(stage: Stage): Promise<void>
}

/** What a case works with: one fresh queue; everything opened through it is closed after the case. */
export interface Stage extends Omit<BrokerUnderTest, 'connect' | 'dispose'> {
  readonly target: BrokerTarget
  connect(overrides?: ConnectOverrides): Promise<Broker>
  /** Subscribes and records. `react` sees each delivery inside `onDelivery`. */
  take(
    broker: Broker,
    request?: Partial<SubscribeRequest>,
    react?: (delivery: Delivery, taker: Taker) => void,
  ): Promise<Taker>
  /** Waits until the queue has exactly so many ready messages. */
  hasReady(count: number): Promise<void>
}

export const hold = (): void => {}
export const ackAtOnce = (delivery: Delivery): void => void delivery.ack()

/** A sink that remembers everything and checks what must hold at every delivery. */
export class Taker implements DeliverySink {
  readonly deliveries: Delivery[] = []
  readonly links: LinkState[] = []
  readonly violations: string[] = []
  stopped = false
  #granted: number
  #subscription: Subscription | undefined
  readonly #react: (delivery: Delivery, taker: Taker) => void
  #onLink: (state: LinkState) => void = () => {}

  constructor(permits: number, react: (delivery: Delivery, taker: Taker) => void) {
    this.#granted = permits
    this.#react = react
  }

  onDelivery(delivery: Delivery): void {
    this.deliveries.push(delivery)
    if (this.deliveries.length > this.#granted)
      this.violations.push(`delivery ${this.deliveries.length} with ${this.#granted} permits`)
    if (this.stopped) this.violations.push('delivery after stop had resolved')
    this.#react(delivery, this)
  }

  onLink(state: LinkState): void {
    this.links.push(state)
    this.#onLink(state)
  }

  /** Called inside each later `onLink`. */
  whenLinkChanges(look: (state: LinkState) => void): void {
    this.#onLink = look
  }

  adopt(subscription: Subscription): void {
    this.#subscription = subscription
  }

  /** Permits granted so far. */
  get granted(): number {
    return this.#granted
  }

  get count(): number {
    return this.deliveries.length
  }

  get link(): LinkState | undefined {
    return this.links.at(-1)
  }

  get ids(): string[] {
    return this.deliveries.map((delivery) => delivery.message.id)
  }

  get last(): Delivery {
    return this.at(this.deliveries.length - 1)
  }

  at(index: number): Delivery {
    const delivery = this.deliveries[index]
    if (delivery === undefined) throw new Error(`no delivery ${index}, only ${this.count}`)
    return delivery
  }

  get subscription(): Subscription {
    if (this.#subscription === undefined) throw new Error('delivered to before subscribe had resolved')
    return this.#subscription
  }

  /** Raises the permits by `more`. */
  grant(more: number): void {
    this.#granted += more
    this.subscription.permit(this.#granted)
  }

  async stop(): Promise<void> {
    await this.subscription.stop()
    this.stopped = true
  }

  async close(): Promise<void> {
    await this.subscription.close()
    this.stopped = true
  }

  /** Waits until exactly `count` messages have been delivered; more is a failure at once. */
  async has(count: number): Promise<void> {
    await eventually(() => this.count >= count, { what: `${count} deliveries`, deadlineMs: 20_000 }).catch(
      (error: unknown) => {
        throw new Error(`${count} deliveries expected, ${this.count} arrived; links: ${this.links.join(' ')}`, {
          cause: error,
        })
      },
    )
    if (this.count > count) throw new Error(`${count} deliveries expected, ${this.count} arrived`)
  }

  async isLinked(...states: LinkState[]): Promise<void> {
    const what = `link is ${states.join(' or ')}`
    await eventually(() => this.link !== undefined && states.includes(this.link), { what, deadlineMs: 20_000 }).catch(
      (error: unknown) => {
        throw new Error(`${what}; states were: ${this.links.join(' ')}`, { cause: error })
      },
    )
  }
}

/** `count` small messages with ids `<prefix>-0` and so on. */
export function messages(count: number, prefix = 'm'): Outgoing[] {
  return Array.from({ length: count }, (_, index) => message(`${prefix}-${index}`))
}

export function message(id: string, more: Partial<Outgoing> = {}): Outgoing {
  return { id, body: Buffer.from(`body of ${id}`), ...more }
}

/** A body that breaks who takes it for something else, as far as the target's broker carries it. */
export function oddBody({ target: { bodies = 'bytes' } }: Pick<Stage, 'target'>): Buffer {
  return bodies === 'text' ? Buffer.from('ü 漢字 "\\" <&> \t\r\n ') : Buffer.from([0, 255, 10, 13, 0, 128])
}

export const note = { version: 'v2', reason: 'failed', deliveryCount: 3 } as const
