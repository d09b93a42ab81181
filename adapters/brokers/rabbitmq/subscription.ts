import type { ChannelModel, ConsumeMessage } from 'amqplib'
import type { DeliverySink, LinkState, SubscribeRequest, Subscription } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Logger } from '../../../src/contracts/logger.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { askOnce } from './ask-once.ts'
import { ChannelSession } from './channel-session.ts'
import { RabbitDelivery } from './delivery.ts'
import type { DeliveryContext, Settler } from './delivery.ts'
import { brokerError, linkStateOf } from './failures.ts'
import type { Place } from './failures.ts'
import type { Lane } from './lane.ts'
import type { Link } from './link.ts'
import { laterHeaders } from './message-headers.ts'
import { PermitLane } from './permit-lane.ts'
import { PermitLedger } from '../shared/permit-ledger.ts'
import { StreamingLane } from './streaming-lane.ts'
import { sendAtOnce } from './send-at-once.ts'
import { Backoff } from './timing.ts'
import { leastSilenceMs, nextSilenceMs, untilForgotten } from './watchdog.ts'

export interface SubscriptionSettings {
  readonly link: Link
  /** The server, and the queue to take from. */
  readonly place: Required<Place>
  readonly request: SubscribeRequest
  readonly sink: DeliverySink
  readonly context: DeliveryContext
  readonly clock: Clock
  readonly log: Logger | undefined
}

/** Keeps one channel with one lane on it, and makes a new one after each loss, until it is stopped. */
export class RabbitSubscription implements Subscription {
  readonly #settings: SubscriptionSettings
  readonly #ledger: PermitLedger
  readonly #ending = new AbortController()
  readonly #life: Promise<void>
  #session: ChannelSession | undefined
  #lane: Lane | undefined
  #deliveries = 0
  #silenceMs = leastSilenceMs
  #state: LinkState | undefined
  #reason: string | undefined
  /** What was last said of a broker that is there and does not deliver. */
  #told: string | undefined
  #stopped: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(settings: SubscriptionSettings) {
    this.#settings = settings
    this.#ledger = new PermitLedger(settings.request.permits)
    this.#life = this.#live()
  }

  permit(total: number): void {
    if (this.#ledger.grant(total)) this.#lane?.permitted()
  }

  /** Resolves when nothing of the subscription is left at the broker. */
  get ended(): Promise<void> {
    return this.#life
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #stop(): Promise<void> {
    this.#ending.abort()
    await this.#lane?.stop()
    if (this.#session?.alive === true) this.#report('idle')
  }

  async #close(): Promise<void> {
    await this.stop()
    this.#lane?.flush()
    await this.#session?.close()
    await this.#life
  }

  /** Never rejects. After `stop` it ends with the channel, or at once where there is none. */
  async #live(): Promise<void> {
    const { clock, request } = this.#settings
    // a hand-back queue may be missing for good, and each look for it leaves an error in the broker's log
    const backoff = new Backoff({ longest: request.source === 'handBack' ? 60_000 : 15_000 })
    this.#report('connecting')
    while (!this.#ending.signal.aborted) {
      const model = await this.#connected()
      if (model === undefined) continue
      const since = clock.now()
      const trouble = await this.#serve(model)
      if (this.#ending.signal.aborted) break
      const loss = this.#settings.link.lossOf(model)
      this.#report(linkStateOf(loss ?? trouble), (loss ?? trouble).message)
      // a lost connection is told and waited for by the link
      if (loss !== undefined) continue
      this.#tell(trouble)
      await clock.sleep(backoff.next(clock.now() - since), this.#ending.signal)
    }
    this.#report('closed')
  }

  /** The link's connection, or undefined when it could not be made: the link itself waits between its tries. */
  async #connected(): Promise<ChannelModel | undefined> {
    const { link, place } = this.#settings
    try {
      return await unlessAborted(link.connect(), this.#ending.signal)
    } catch (error) {
      const trouble = brokerError(error, place)
      this.#report(linkStateOf(trouble), trouble.message)
      return undefined
    }
  }

  /** Takes messages over one channel until that is lost, and says why it was. */
  async #serve(model: ChannelModel): Promise<QueueCanaryError> {
    const { place, clock } = this.#settings
    try {
      const session = await ChannelSession.open(model, place, clock)
      this.#session = session
      await session.checkQueue(place.queue)
      if (this.#ending.signal.aborted) session.end(new Error('stopped'))
      else await this.#take(model, session)
      void this.#watch(model, session)
      return await session.ended
    } catch (error) {
      return brokerError(error, place)
    } finally {
      this.#session = undefined
      this.#lane = undefined
    }
  }

  async #take(model: ChannelModel, session: ChannelSession): Promise<void> {
    const { request, clock } = this.#settings
    const settings = {
      session,
      clock,
      priority: request.precedence === 'ahead' ? aheadPriority : 0,
      maxUnsettled: request.maxUnsettled,
      deliver: (raw: ConsumeMessage, settler: Settler) => this.#deliver(raw, settler),
      report: (state: LinkState) => this.#report(state),
    }
    const streams = request.permits === Number.POSITIVE_INFINITY
    sendAtOnce(model, !streams)
    this.#lane = streams ? new StreamingLane(settings) : new PermitLane(settings, this.#ledger)
    await this.#lane.start()
  }

  /** Ends a session in which the broker has forgotten the consumer: the next one is a new consumer. Never rejects. */
  async #watch(model: ChannelModel, session: ChannelSession): Promise<void> {
    const { clock, place } = this.#settings
    const over = new AbortController()
    void session.ended.then(() => over.abort())
    const before = this.#deliveries
    const watched = {
      deliveries: () => this.#deliveries,
      thirsty: () => this.#lane?.thirsty === true,
      silenceMs: this.#silenceMs,
      count: () => askOnce(model, clock, (channel) => channel.checkQueue(place.queue)),
      clock,
      random: Math.random,
    }
    const found = await untilForgotten(watched, over.signal)
    if (found === undefined) return
    this.#silenceMs = nextSilenceMs(this.#silenceMs, this.#deliveries > before)
    session.end(new QueueCanaryError('BROKER_UNREACHABLE', `${place.server} does not deliver: ${found}`))
  }

  /** An error that left this callback would close the channel. */
  #deliver(raw: ConsumeMessage, settler: Settler): void {
    const { sink, context, clock, log, place } = this.#settings
    const receivedAt = mayExpire(raw) ? clock.wall() : 0
    this.#deliveries++
    const delivery = new RabbitDelivery(raw, settler, context, receivedAt)
    try {
      sink.onDelivery(delivery)
    } catch {
      log?.error({ queue: place.queue }, 'a delivery sink threw; the message is returned')
      delivery.requeue()
    }
  }

  /** Why messages come again although the broker is there: once, until it delivers. What is missing or refused the worker tells. */
  #tell(trouble: QueueCanaryError): void {
    const reason = trouble.message
    if (linkStateOf(trouble) !== 'connecting' || reason === this.#told) return
    this.#told = reason
    const { log, place } = this.#settings
    log?.warn(
      { queue: place.queue, reason },
      'a subscription ended: it is made anew, and what was unsettled comes again',
    )
  }

  /** `connecting` is first said without a reason; the reason that a failed try then gives is news. */
  #report(state: LinkState, reason?: string): void {
    if (state === 'consuming') this.#told = undefined
    const isNews = state !== this.#state || (reason !== undefined && reason !== this.#reason)
    if (!isNews || this.#state === 'closed') return
    this.#state = state
    this.#reason = reason
    const { sink, log, place } = this.#settings
    log?.debug({ queue: place.queue, server: place.server, state, reason }, 'subscription state')
    sink.onLink(state, reason)
  }
}

/** Asking the time is dear at the rate of some queues. */
function mayExpire({ properties: { expiration, headers } }: ConsumeMessage): boolean {
  return expiration !== undefined || (headers !== undefined && laterHeaders.expiresAt in headers)
}

/** Above every consumer that says nothing of priority. */
const aheadPriority = 10

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const give = (): void => resolve(undefined)
    signal.addEventListener('abort', give, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
