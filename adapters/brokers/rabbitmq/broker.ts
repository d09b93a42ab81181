import type {
  Broker,
  BrokerCapabilities,
  DeliverySink,
  Finding,
  QueueFacts,
  SubscribeRequest,
  Subscription,
} from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { parseAddress } from './address.ts'
import type { Address } from './address.ts'
import { handBackOptions, retryOptions } from './carried-message.ts'
import type { CarryTerms } from './carried-message.ts'
import type { DeliveryContext, Receipt } from './delivery.ts'
import { diagnose } from './diagnose.ts'
import { brokerError } from './failures.ts'
import { prepareHandBackQueue } from './hand-back-queue.ts'
import { Inspector } from './inspect.ts'
import { Link } from './link.ts'
import { idSource } from './message.ts'
import { checkNames, handBackQueueOf } from './options.ts'
import type { RabbitmqOptions } from './options.ts'
import { Publisher } from './publisher.ts'
import { RetryQueues } from './retry-queues.ts'
import { retrySeconds } from './retry-queue-names.ts'
import { RabbitSubscription } from './subscription.ts'
import { realClock, waits, withDeadline } from './timing.ts'

/**
 * One queue of a RabbitMQ broker, 3.10 or newer. Three connections, made when they are needed. One consumes the queue and does nothing else:
 * consuming a quorum queue that was declared a moment ago (the hand-back queue) may cost the whole connection (RabbitMQ 3.10). One takes what
 * was handed back, and asks for counts. One publishes what is handed back or tried later, because a broker in an alarm stops connections that publish.
 * Throws `ENVIRONMENT_INVALID` for a URL that cannot be read, or the name of a queue that is empty or too long.
 */
export function rabbitmqBroker(options: RabbitmqOptions): Broker {
  checkNames(options)
  return new RabbitBroker(options)
}

class RabbitBroker implements Broker {
  readonly capabilities: BrokerCapabilities
  readonly #options: RabbitmqOptions
  readonly #address: Address
  readonly #clock: Clock
  readonly #consuming: Link
  readonly #aside: Link
  readonly #publishing: Link
  readonly #inspector: Inspector
  readonly #publisher: Publisher
  readonly #shared: Pick<DeliveryContext, 'handBackQueue' | 'newId' | 'handBack'>
  readonly #retryQueues = new Map<string, RetryQueues>()
  readonly #subscriptions = new Set<RabbitSubscription>()
  #closed: Promise<void> | undefined

  constructor(options: RabbitmqOptions) {
    const { clock = realClock, log, queue } = options
    const handBackQueue = handBackQueueOf(options)
    this.#options = options
    this.#address = parseAddress(options.url)
    this.#clock = clock
    this.#consuming = new Link({ address: this.#address, name: this.#name('consume'), clock, log })
    this.#aside = new Link({ address: this.#address, name: this.#name('take back'), clock, log })
    this.#publishing = new Link({ address: this.#address, name: this.#name('publish'), clock, log })
    this.#inspector = new Inspector({ link: this.#aside, place: this.#place(queue), handBackQueue, clock })
    this.#publisher = new Publisher({ link: this.#publishing, clock })
    this.#shared = { handBackQueue, newId: idSource(), handBack: this.#handBack(handBackQueue) }
    const handBack = handBackQueue !== undefined
    this.capabilities = { kind: 'rabbitmq', handBack, oldestAge: false, retryLater: 'noted', heldBy: 'link' }
  }

  async subscribe(request: SubscribeRequest, sink: DeliverySink): Promise<Subscription> {
    const { source } = request
    const queue = source === 'queue' ? this.#options.queue : this.#shared.handBackQueue
    if (queue === undefined)
      throw new QueueCanaryError('BROKER_REFUSED', 'hand-back is off: it has no queue to consume')
    if (this.#closed !== undefined) throw new QueueCanaryError('BROKER_REFUSED', 'the broker object was closed')
    const subscription = new RabbitSubscription({
      link: source === 'queue' ? this.#consuming : this.#aside,
      place: this.#place(queue),
      request,
      sink,
      context: { ...this.#shared, source, queue, retryLater: this.#retryLater(queue) },
      clock: this.#clock,
      log: this.#options.log,
    })
    this.#subscriptions.add(subscription)
    void subscription.ended.then(() => this.#subscriptions.delete(subscription))
    return subscription
  }

  async prepareHandBack(): Promise<void> {
    const { handBackQueue: queue } = this.#shared
    if (queue === undefined) return
    const { handBack: option, queue: mainQueue } = this.#options
    const place = this.#place(queue)
    try {
      const model = await withDeadline(this.#publishing.connect(), waits.connect, this.#clock)
      await prepareHandBackQueue(model, { option, place, mainQueue, clock: this.#clock })
    } catch (error) {
      throw brokerError(error, place)
    }
  }

  inspect(): Promise<QueueFacts> {
    return this.#inspector.facts()
  }

  diagnose(): Promise<readonly Finding[]> {
    const [link, publishing] = [this.#aside, this.#publishing]
    return diagnose({ options: this.#options, address: this.#address, link, publishing, clock: this.#clock })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const subscriptions = Promise.all([...this.#subscriptions].map((subscription) => subscription.close()))
    await withDeadline(subscriptions, waits.farewell, this.#clock).catch(() => undefined)
    await Promise.all([this.#consuming.close(), this.#aside.close(), this.#publishing.close()])
    await withDeadline(subscriptions, waits.farewell, this.#clock).catch(() => undefined)
  }

  #handBack(queue: string | undefined): DeliveryContext['handBack'] {
    if (queue === undefined) return undefined
    const place = this.#place(queue)
    return (raw, note, receipt) =>
      this.#publisher.publish({
        place,
        failure: 'HAND_BACK_FAILED',
        content: raw.content,
        options: () => handBackOptions(raw, note, this.#terms(receipt)),
      })
  }

  /** For deliveries from this queue. */
  #retryLater(from: string): DeliveryContext['retryLater'] {
    return (raw, note, receipt) => {
      const queues = this.#retryQueuesOf(note.reason === 'unaccepted' ? this.#options.queue : from)
      const seconds = retrySeconds(note.delayMs)
      return this.#publisher.publish({
        place: this.#place(queues.name(seconds)),
        failure: 'RETRY_FAILED',
        content: raw.content,
        options: () => retryOptions(raw, note, this.#terms(receipt)),
        prepare: (model) => queues.prepare(model, seconds),
        onMissing: () => queues.forget(seconds),
      })
    }
  }

  #retryQueuesOf(queue: string): RetryQueues {
    const known = this.#retryQueues.get(queue)
    if (known !== undefined) return known
    const made = new RetryQueues({ server: this.#address.server, queue, clock: this.#clock })
    this.#retryQueues.set(queue, made)
    return made
  }

  #terms(receipt: Receipt): CarryTerms {
    return { ...receipt, user: this.#address.user, now: this.#clock.wall() }
  }

  #place(queue: string): { readonly server: string; readonly queue: string } {
    return { server: this.#address.server, queue }
  }

  #name(purpose: string): string {
    return `${this.#options.connectionName ?? 'queue-canary'} ${this.#options.queue} (${purpose})`
  }
}
