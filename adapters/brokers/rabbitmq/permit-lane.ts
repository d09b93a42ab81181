import type { ConsumeMessage } from 'amqplib'
import type { ChannelSession } from './channel-session.ts'
import type { Settler } from './delivery.ts'
import type { Lane, LaneSettings } from './lane.ts'
import type { PermitLedger } from '../shared/permit-ledger.ts'
import { PermitLaw } from './permit-law.ts'

/**
 * Takes exactly what the permits allow: one consumer at a time, each with a prefetch that the law gives it.
 *
 * idle -> starting -> consuming -> cancelling -> idle. Requests to the broker are made in `idle` and `consuming` only, one at a time:
 * amqplib holds a request back while it awaits another answer, and the cancel must reach the broker before the settlement that needs it.
 */
export class PermitLane implements Lane {
  readonly #settings: LaneSettings
  readonly #ledger: PermitLedger
  readonly #law: PermitLaw
  #state: 'idle' | 'starting' | 'consuming' | 'cancelling' = 'idle'
  #present: PermitConsumer | undefined
  #consumers = 0
  #prefetch = 0
  /** Settles when the present `starting` or `cancelling` is over; never rejects. */
  #change: Promise<void> = Promise.resolve()
  #renewals = { soon: false, later: false }
  #stopping = false

  constructor(settings: LaneSettings, ledger: PermitLedger) {
    this.#settings = settings
    this.#ledger = ledger
    this.#law = new PermitLaw(ledger, settings.maxUnsettled)
  }

  get thirsty(): boolean {
    return this.#state === 'consuming' && this.#law.hasCredit
  }

  async start(): Promise<void> {
    if (this.#ledger.left <= 0) this.#settings.report('idle')
    this.#look()
    await this.#change
  }

  permitted(): void {
    this.#look()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    while (this.#settings.session.alive && this.#state !== 'idle') {
      if (this.#state === 'consuming') this.#cancel()
      await this.#change
    }
  }

  flush(): void {}

  /** Called by a consumer with what settles one of its deliveries. */
  settle(consumer: PermitConsumer, send: (session: ChannelSession) => boolean): boolean {
    const { session } = this.#settings
    if (!session.alive) return false
    const ofPresent = consumer === this.#present
    if (ofPresent && this.#state === 'consuming' && this.#law.mustCancelFirst) this.#cancel()
    const sent = send(session)
    this.#law.settled(ofPresent)
    this.#look()
    return sent
  }

  /** Does what permits, places and the present consumer suggest; nothing in most cases. */
  #look(): void {
    if (this.#stopping || !this.#settings.session.alive) return
    if (this.#state === 'idle' && this.#law.room > 0) this.#begin()
    else if (this.#state === 'consuming' && this.#law.starved) this.#considerRenewal()
  }

  #begin(): void {
    this.#state = 'starting'
    // a failure has ended the session, which tells why
    this.#change = this.#consume().catch(() => undefined)
  }

  async #consume(): Promise<void> {
    const { session, priority, report } = this.#settings
    const prefetch = this.#law.start()
    if (prefetch !== this.#prefetch) await session.prefetch(prefetch)
    this.#prefetch = prefetch
    const consumer = new PermitConsumer(`permits-${++this.#consumers}`, this, session)
    this.#present = consumer
    await session.consume(consumer.tag, priority, (raw) => this.#delivered(raw, consumer))
    report('consuming')
    this.#begun()
    this.#look()
  }

  #delivered(raw: ConsumeMessage, consumer: PermitConsumer): void {
    this.#begun()
    if (!this.#law.delivered()) {
      this.#settings.session.nack(raw.fields.deliveryTag, true)
      return
    }
    this.#settings.deliver(raw, consumer)
    this.#look()
  }

  /** The first delivery may be seen before the promise of the answer that precedes it. */
  #begun(): void {
    if (this.#state === 'starting') this.#state = 'consuming'
  }

  #cancel(): void {
    if (this.#present === undefined) return
    this.#state = 'cancelling'
    this.#change = this.#settings.session.cancel(this.#present.tag).then(
      () => this.#cancelled(),
      () => undefined,
    )
  }

  #cancelled(): void {
    this.#state = 'idle'
    this.#present = undefined
    this.#law.ended()
    if (this.#ledger.left <= 0) this.#settings.report('idle')
    this.#look()
  }

  /**
   * A consumer without credit is replaced when there is room for more: at the end of this turn where that doubles the credit (a caller who
   * raises permits and then settles has done both by then), after a while otherwise.
   */
  #considerRenewal(): void {
    if (this.#law.wellWorthRenewal) {
      if (this.#renewals.soon) return
      this.#renewals.soon = true
      setImmediate(() => {
        this.#renewals.soon = false
        if (this.#law.wellWorthRenewal) this.#renew()
      })
    } else if (!this.#renewals.later) {
      this.#renewals.later = true
      void this.#settings.clock.sleep(renewalMs).then(() => {
        this.#renewals.later = false
        this.#renew()
      })
    }
  }

  #renew(): void {
    if (this.#state === 'consuming' && this.#law.starved && this.#settings.session.alive) this.#cancel()
  }
}

class PermitConsumer implements Settler {
  readonly tag: string
  readonly #lane: PermitLane
  readonly #session: ChannelSession

  constructor(tag: string, lane: PermitLane, session: ChannelSession) {
    this.tag = tag
    this.#lane = lane
    this.#session = session
  }

  get alive(): boolean {
    return this.#session.alive
  }

  ack(deliveryTag: number): boolean {
    return this.#lane.settle(this, (session) => session.ack(deliveryTag, false))
  }

  nack(deliveryTag: number, requeue: boolean): boolean {
    return this.#lane.settle(this, (session) => session.nack(deliveryTag, requeue))
  }
}

const renewalMs = 20
