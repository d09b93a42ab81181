import type { PermitLedger } from '../shared/permit-ledger.ts'

/**
 * The arithmetic of a throttled subscription on one channel. The broker may deliver to a consumer as many messages as its prefetch, and one
 * more for each of its deliveries that is settled. So with `base` deliveries before the consumer came, `settled` of its own settled and
 * prefetch `f`, all deliveries can reach `base + settled + f`, and that must never exceed the permits.
 */
export class PermitLaw {
  readonly #ledger: PermitLedger
  readonly #maxUnsettled: number
  #unsettled = 0
  #consumer: { readonly prefetch: number; readonly base: number; settled: number; unsettled: number } | undefined
  #saturated = true

  constructor(ledger: PermitLedger, maxUnsettled: number) {
    this.#ledger = ledger
    this.#maxUnsettled = maxUnsettled
  }

  /** What a new consumer could take now: permits and free places. */
  get room(): number {
    return Math.max(0, Math.min(this.#maxUnsettled - this.#unsettled, this.#ledger.left))
  }

  /**
   * Starts a consumer and returns its prefetch, at least 1: callers look at `room` before. Where the last consumer always had credit left,
   * messages come slower than permits, and half the room lets it settle the other half without being replaced.
   */
  start(): number {
    const prefetch = this.#saturated ? this.room : Math.ceil(this.room / 2)
    this.#consumer = { prefetch, base: this.#ledger.taken, settled: 0, unsettled: 0 }
    this.#saturated = false
    return prefetch
  }

  /** A delivery of the present consumer. False when it is one too many, which a broker that keeps its word never sends. */
  delivered(): boolean {
    const consumer = this.#consumer
    if (consumer === undefined || this.#ledger.left <= 0) return false
    this.#ledger.taken++
    this.#unsettled++
    consumer.unsettled++
    if (consumer.unsettled >= consumer.prefetch) this.#saturated = true
    return true
  }

  /** True when settling one more delivery of the present consumer would let the broker deliver past the permits. */
  get mustCancelFirst(): boolean {
    const consumer = this.#consumer
    return consumer !== undefined && consumer.base + consumer.settled + 1 + consumer.prefetch > this.#ledger.granted
  }

  /** True while the broker may deliver to the present consumer. */
  get hasCredit(): boolean {
    const consumer = this.#consumer
    return consumer !== undefined && consumer.unsettled < consumer.prefetch
  }

  /** True while the consumer has used up its prefetch although there is room: it can take nothing until something is settled. */
  get starved(): boolean {
    return this.#consumer !== undefined && !this.hasCredit && this.room > 0
  }

  /** True when a new consumer would at least double the credit of the present one. */
  get wellWorthRenewal(): boolean {
    return this.#consumer !== undefined && this.room >= this.#consumer.prefetch
  }

  settled(ofPresentConsumer: boolean): void {
    this.#unsettled--
    if (!ofPresentConsumer || this.#consumer === undefined) return
    this.#consumer.settled++
    this.#consumer.unsettled--
  }

  /** The consumer is gone for good: nothing can be delivered to it any more. */
  ended(): void {
    this.#consumer = undefined
  }
}
