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
import { isQueueCanaryError, QueueCanaryError } from '../../../src/errors.ts'
import { parseQueueUrl, readSibling } from './address.ts'
import type { QueueAddress } from './address.ts'
import { SqsApi } from './api.ts'
import { diagnose } from './diagnose.ts'
import { closedError } from './failures.ts'
import type { SqsOptions } from './options.ts'
import { QueueWatch } from './queue-watch.ts'
import { SqsSubscription } from './subscription.ts'
import { realClock } from './timing.ts'

/**
 * One queue of Amazon SQS, standard or FIFO, over a client of its own: what throttles one version's requests does not throttle another's.
 * Throws `ENVIRONMENT_INVALID` for a URL that cannot be read, or a hand-back queue of the other type.
 */
export function sqsBroker(options: SqsOptions): Broker {
  return new SqsBroker(options)
}

class SqsBroker implements Broker {
  readonly capabilities: BrokerCapabilities
  readonly #options: SqsOptions
  readonly #clock: Clock
  readonly #api: SqsApi
  readonly #main: QueueWatch
  readonly #handBack: QueueWatch | undefined
  readonly #subscriptions = new Set<SqsSubscription>()
  #closed: Promise<void> | undefined

  constructor(options: SqsOptions) {
    const { url, handBack = { kind: 'off' }, credentials, clock = realClock } = options
    const main = parseQueueUrl(url)
    this.#options = options
    this.#clock = clock
    this.#api = new SqsApi(main, credentials, clock)
    this.#main = new QueueWatch(this.#api, main, clock)
    const handBackQueue = handBack.kind === 'off' ? undefined : handBackAddress(handBack.queue, main)
    this.#handBack = handBackQueue && new QueueWatch(this.#api, handBackQueue, clock)
    this.capabilities = {
      kind: 'sqs',
      handBack: this.#handBack !== undefined,
      oldestAge: false,
      retryLater: 'counted',
      heldBy: 'lease',
    }
  }

  async subscribe(request: SubscribeRequest, sink: DeliverySink): Promise<Subscription> {
    const source = request.source === 'queue' ? this.#main : this.#handBack
    if (source === undefined)
      throw new QueueCanaryError('BROKER_REFUSED', 'hand-back is off: it has no queue to consume')
    if (this.#closed !== undefined) throw closedError()
    const subscription = new SqsSubscription({
      api: this.#api,
      source,
      main: this.#main,
      handBackQueue: this.#handBack?.address,
      request,
      sink,
      clock: this.#clock,
      log: this.#options.log,
      onClose: () => this.#subscriptions.delete(subscription),
    })
    this.#subscriptions.add(subscription)
    return subscription
  }

  async prepareHandBack(): Promise<void> {
    const queue = this.#handBack
    if (queue === undefined) return
    try {
      await queue.read(0)
    } catch (error) {
      if (!isQueueCanaryError(error, 'QUEUE_MISSING')) throw error
      throw new QueueCanaryError('BROKER_REFUSED', `${error.message}: create the hand-back queue`, { cause: error })
    }
  }

  async inspect(): Promise<QueueFacts> {
    if (this.#closed !== undefined) throw closedError()
    const [main, handBackBacklog] = await Promise.all([this.#main.read(0), this.#handBackBacklog()])
    return {
      backlog: main.backlog,
      handBackBacklog,
      consumers: undefined,
      handBackConsumers: undefined,
      oldestAgeMs: undefined,
    }
  }

  diagnose(): Promise<readonly Finding[]> {
    return diagnose({ api: this.#api, queue: this.#main.address, handBackQueue: this.#handBack?.address })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()))
    this.#api.close()
  }

  async #handBackBacklog(): Promise<number> {
    try {
      return (await this.#handBack?.read(0))?.backlog ?? 0
    } catch (error) {
      if (isQueueCanaryError(error, 'QUEUE_MISSING')) return 0
      throw error
    }
  }
}

function handBackAddress(queue: string, main: QueueAddress): QueueAddress {
  const address = readSibling(queue, main)
  if (address?.isFifo === main.isFifo) return address
  const type = main.isFifo ? 'a FIFO queue' : 'a standard queue'
  throw new QueueCanaryError(
    'ENVIRONMENT_INVALID',
    `hand-back: expected the name or URL of ${type}, like the queue itself`,
  )
}
