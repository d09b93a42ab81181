import type { DeliverySink, RetryNote, SubscribeRequest, Subscription } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Logger } from '../../../src/contracts/logger.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import type { QueueCanaryError } from '../../../src/errors.ts'
import { PermitLedger } from '../shared/permit-ledger.ts'
import { neighbour } from './address.ts'
import type { QueueAddress } from './address.ts'
import type { Message, SqsApi } from './api.ts'
import { SqsDelivery } from './delivery.ts'
import type { DeliveryContext } from './delivery.ts'
import { Desk } from './desk.ts'
import { isThrottled, linkStateOf } from './failures.ts'
import { Lease } from './lease.ts'
import { LinkReport } from './link-report.ts'
import { readMessage } from './message.ts'
import { Parking } from './parking.ts'
import { Poller } from './poller.ts'
import type { QueueSettings } from './queue-settings.ts'
import type { QueueWatch } from './queue-watch.ts'
import { Backoff, waits } from './timing.ts'

export interface SubscriptionSettings {
  readonly api: SqsApi
  /** The queue to take from, and the one whose redrive policy counts. */
  readonly source: QueueWatch
  readonly main: QueueWatch
  readonly handBackQueue: QueueAddress | undefined
  readonly request: SubscribeRequest
  readonly sink: DeliverySink
  readonly clock: Clock
  readonly log: Logger | undefined
  readonly onClose: () => void
}

/** What a subscription works with once it has seen its queue. */
interface Works {
  readonly desk: Desk
  readonly poller: Poller
  readonly context: DeliveryContext
}

/** Polls one queue until it is stopped, through every trouble. */
export class SqsSubscription implements Subscription {
  readonly #settings: SubscriptionSettings
  readonly #ledger: PermitLedger
  readonly #report: LinkReport
  readonly #ending = new AbortController()
  #works: Works | undefined
  #wayMs: number | undefined
  /** What the last look at the queue, and the last poll, have found. */
  #trouble: { look?: QueueCanaryError | undefined; poll?: QueueCanaryError | undefined } = {}
  /** Why messages that were taken cannot be settled. */
  #settling: string | undefined
  #stopped: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(settings: SubscriptionSettings) {
    const { source, sink, log } = settings
    this.#settings = settings
    this.#report = new LinkReport(source.address.name, sink, log)
    this.#ledger = new PermitLedger(settings.request.permits)
    void this.#live()
  }

  permit(total: number): void {
    if (!this.#ledger.grant(total)) return
    this.#works?.poller.look()
    // not within the call: `permit` is often called from inside `onDelivery`
    setImmediate(() => this.#reportLinked())
  }

  giveWay(restMs: number | undefined): void {
    if (restMs === this.#wayMs) return
    this.#wayMs = restMs
    this.#works?.poller.giveWay(restMs)
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
    const works = this.#works
    const parked = works?.context.parking.end() ?? []
    await works?.poller.stop()
    // not before: a poll of ours would take them again; newest first, as everything that goes back
    for (const lease of parked.toReversed()) works?.desk.return(lease, 0)
    this.#reportLinked()
  }

  async #close(): Promise<void> {
    await this.stop()
    await this.#works?.desk.close()
    this.#report.tell('closed')
    this.#settings.onClose()
  }

  /** Looks at the queue at first, after trouble, and now and then. Never rejects; ends when the subscription is stopped. */
  async #live(): Promise<void> {
    const { clock, source, main } = this.#settings
    // a hand-back queue may be missing for good
    const backoff = new Backoff({ longest: source === main ? 15_000 : 60_000 })
    const { signal } = this.#ending
    this.#report.tell('connecting')
    let since = Number.NEGATIVE_INFINITY
    for (let maxAgeMs: number = waits.idleLook; !signal.aborted; maxAgeMs = 0) {
      const isThere = await this.#lookAtQueue(maxAgeMs)
      if (isThere) await this.#rest()
      else await clock.sleep(Math.max(20, backoff.next(clock.now() - since)), signal)
      if (isThere) since = clock.now()
    }
  }

  /** Until it is time for another look: soon where no poll would notice a trouble. */
  async #rest(): Promise<void> {
    const { clock } = this.#settings
    const { signal } = this.#ending
    const restUntil = clock.now() + waits.busyLook
    const isBusy = (): boolean => (this.#works?.poller.polls ?? 0) > 0
    do await clock.sleep(waits.idleLook * (0.75 + 0.5 * Math.random()), signal)
    while (!signal.aborted && isBusy() && clock.now() < restUntil)
  }

  /** True when nothing is known to be wrong. */
  async #lookAtQueue(maxAgeMs: number): Promise<boolean> {
    const { source, main } = this.#settings
    try {
      const settings = await source.read(maxAgeMs)
      if (main !== source) await main.read(waits.busyLook).catch(() => undefined)
      if (!this.#ending.signal.aborted) this.#linked(settings)
      return true
    } catch (error) {
      if (!isQueueCanaryError(error)) throw error
      // polls that are answered say more of the link
      const isPolling = this.#works !== undefined && this.#works.poller.polls > 0
      if (!isPolling && !this.#ending.signal.aborted) this.#failed('look', error)
      return isPolling
    }
  }

  #linked(settings: QueueSettings): void {
    this.#trouble.look = undefined
    this.#works ??= this.#open(settings)
    this.#reportLinked()
    this.#works.poller.look()
  }

  #open({ visibilityS }: QueueSettings): Works {
    const { api, source, main, handBackQueue, request, clock, log } = this.#settings
    const queue = source.address
    const onTrouble = (reason: string | undefined): void => {
      this.#settling = reason
      this.#reportLinked()
    }
    const desk = new Desk({ api, queue, visibilityS, clock, log, onTrouble })
    const context: DeliveryContext = {
      api,
      desk,
      parking: new Parking({ clock, onDue: (lease, note) => this.#deliverAgain(lease, note) }),
      queue,
      mainQueue: main.address,
      handBackQueue,
      deadLetterQueue: () => {
        const redrive = main.settings?.redrive
        return redrive && neighbour(redrive.deadLetterQueue, main.address)
      },
      maxReceiveCount: () => source.settings?.redrive?.maxReceiveCount ?? Infinity,
    }
    const poller = new Poller({
      api,
      queue,
      visibilityS,
      ledger: this.#ledger,
      maxUnsettled: request.maxUnsettled,
      clock,
      pending: () => desk.pending,
      onMessages: (messages, since) => this.#deliver(messages, { since, visibilityMs: visibilityS * 1_000 }),
      onAnswer: () => this.#answered(),
      onFailure: (error) => this.#failed('poll', error),
    })
    poller.giveWay(this.#wayMs)
    return { desk, poller, context }
  }

  #answered(): void {
    this.#trouble = {}
    this.#reportLinked()
  }

  /** A missing queue has taken its messages with it. Any other trouble leaves what was delivered to its own time. */
  #failed(attempt: 'look' | 'poll', error: QueueCanaryError): void {
    this.#trouble[attempt] = error
    if (error.code === 'QUEUE_MISSING') {
      this.#settings.source.forget()
      this.#works?.desk.abandon(this.#works.context.parking.clear())
    }
    if (isThrottled(error) && this.#works !== undefined) this.#reportLinked()
    else this.#report.tell(linkStateOf(error), error.message)
  }

  #deliver(messages: readonly Message[], term: { readonly since: number; readonly visibilityMs: number }): void {
    const works = this.#works
    if (works === undefined) return
    const deliveries: SqsDelivery[] = []
    for (const raw of messages) {
      const lease = new Lease(readMessage(raw, works.context.queue), term, () => works.poller.settled())
      works.desk.accept(lease)
      deliveries.push(new SqsDelivery(lease, works.context))
    }
    // newest first: no later message of a group becomes visible alone
    if (this.#ending.signal.aborted) for (const delivery of deliveries.toReversed()) delivery.requeue()
    else for (const delivery of deliveries) this.#pass(delivery)
    this.#reportLinked()
  }

  /** What was parked, while its lease lasts. Afterwards SQS gives the message to whoever asks. */
  #deliverAgain(lease: Lease, note: RetryNote): void {
    const works = this.#works
    if (works === undefined || lease.isOver(this.#settings.clock.now())) return
    if (!works.poller.resume()) return works.context.parking.park(lease, { ...note, delayMs: noPlaceMs })
    const { attempts, waits, version, reason } = note
    lease.occupy(() => works.poller.settled())
    works.desk.reopen(lease)
    const retried = { attempts, waits, version, reason }
    this.#pass(new SqsDelivery(lease, works.context, { ...lease.received.passage, retried }))
  }

  #pass(delivery: SqsDelivery): void {
    const { sink, log, source } = this.#settings
    try {
      sink.onDelivery(delivery)
    } catch {
      log?.error({ queue: source.address.name }, 'a delivery sink threw; the message is returned')
      delivery.requeue()
    }
  }

  /** Who is throttled is linked: others would take its place, and be throttled too. */
  #reportLinked(): void {
    const troubles = [this.#trouble.look, this.#trouble.poll].filter((trouble) => trouble !== undefined)
    if (this.#works === undefined || !troubles.every(isThrottled)) return
    const state = !this.#ending.signal.aborted && this.#ledger.left > 0 ? 'consuming' : 'idle'
    this.#report.tell(state, troubles[0]?.message, this.#settling)
  }
}

/** What was parked waits so long for a place, where there is none. */
const noPlaceMs = 500
