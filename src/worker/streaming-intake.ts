import type { Broker, Delivery, LinkState } from '../contracts/broker.ts'
import { Fifo } from './fifo.ts'
import type { Intake } from './intake.ts'
import type { Processor } from './processor.ts'
import { mayReturn } from './settle.ts'
import { Source } from './source.ts'
import type { SourceOwner } from './source.ts'
import { Work } from './work.ts'

export interface StreamingIntakeOptions {
  readonly broker: Broker
  readonly processor: Processor
  /** Handlers at a time. */
  readonly concurrency: number
  /** Deliveries at a time: what waits here keeps the slots busy while acks travel. */
  readonly prefetch: number
}

/** The lane of a version in charge: takes what it can, and what was handed back goes first. */
export class StreamingIntake implements Intake, SourceOwner {
  readonly #options: StreamingIntakeOptions
  readonly #queue: Source
  #handBack: Source | undefined
  readonly #waiting = new Fifo<Work>()
  readonly #handedBack = new Fifo<Work>()
  readonly #due = new Fifo<Work>()
  #isStopping = false

  constructor(options: StreamingIntakeOptions) {
    this.#options = options
    const { broker, prefetch } = options
    this.#queue = new Source(
      broker,
      { source: 'queue', precedence: 'normal', maxUnsettled: prefetch, permits: Infinity },
      this,
    )
    if (broker.capabilities.handBack) this.#openHandBack()
  }

  get link(): LinkState {
    return this.#queue.link
  }

  get linkReason(): string | undefined {
    return this.#queue.linkReason
  }

  get slots(): number {
    return this.#options.concurrency
  }

  /** Of a version in charge everything begins that it has. */
  get begins(): boolean {
    return true
  }

  get waiting(): number {
    return this.#waiting.size + this.#handedBack.size + this.#due.size + this.#options.processor.groups.waiting
  }

  /** A rollout makes the hand-back queue: where it was missing, there is something to look for now. */
  lookForHandBacks(): void {
    if (this.#handBack?.link !== 'missing') return
    void this.#handBack.close()
    this.#openHandBack()
  }

  /** While a canary is on trial beside it, which takes no more than it may. */
  giveWay(restMs: number | undefined): void {
    this.#queue.giveWay(restMs)
  }

  onDelivery(delivery: Delivery, source: Source): void {
    const work = new Work(delivery, source, 'stable')
    if (source === this.#queue) this.#waiting.push(work)
    else this.#handedBack.push(work)
    this.freed()
  }

  onLink(): void {
    // What waited for a slot over a lost link is passed over when its turn comes.
  }

  resume(work: Work): void {
    this.#due.push(work)
    this.freed()
  }

  turn(work: Work): void {
    this.resume(work)
  }

  giveBack(work: Work): void {
    this.#options.processor.settler.requeue(work)
  }

  freed(now?: number): void {
    const { processor, concurrency } = this.#options
    if (this.#isStopping) return
    let startsAt = now
    while (processor.inFlight.occupied < concurrency) {
      const work = this.#due.shift() ?? this.#handedBack.shift() ?? this.#waiting.shift()
      if (work === undefined) return
      if (this.#passesOver(work)) continue
      if (work.tries === 1 && work.source.request.source === 'queue') processor.tally.add('taken')
      void processor.begin(work, startsAt)
      // Asking the time is dear at this rate. The first begins when the last one ended; what it does at once may take a while.
      startsAt = undefined
    }
  }

  /** Begins nothing while it stops, and returns nothing before it has: the broker would send it here again. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all([this.#queue.stop(), this.#handBack?.stop()])
    this.#isStopping = false
    this.returnUnstarted()
  }

  /** What was returned so often that the broker may soon drop it stays, and is handled. */
  returnUnstarted({ all = false }: { readonly all?: boolean } = {}): void {
    const { settler, groups } = this.#options.processor
    for (const work of groups.returnable(({ delivery }) => all || mayReturn(delivery))) settler.requeue(work)
    for (const fifo of [this.#due, this.#handedBack, this.#waiting]) {
      for (const work of fifo.clear()) {
        if (work.isVoid) settler.drop(work)
        else if (all || mayReturn(work.delivery)) settler.requeue(work)
        else fifo.push(work)
      }
    }
    this.freed()
  }

  async retire(): Promise<void> {
    await Promise.all([this.#queue.retire(), this.#handBack?.retire()])
  }

  async close(): Promise<void> {
    await Promise.all([this.#queue.close(), this.#handBack?.close()])
  }

  /** What is void, is not to be handled, or must wait for its group. */
  #passesOver(work: Work): boolean {
    const { processor } = this.#options
    if (!work.isVoid) return !processor.groups.admits(work) || processor.rejects(work)
    processor.settler.drop(work)
    return true
  }

  #openHandBack(): void {
    const { broker, concurrency } = this.#options
    this.#handBack = new Source(
      broker,
      { source: 'handBack', precedence: 'normal', maxUnsettled: concurrency, permits: Infinity },
      this,
    )
  }
}
