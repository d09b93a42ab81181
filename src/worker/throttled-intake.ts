import type { Broker, Delivery, LinkState } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { ConsumerAllocation } from '../core/allocation/lane.ts'
import { isBlown } from '../core/evidence/fuse.ts'
import { GivingBack } from './giving-back.ts'
import type { Intake } from './intake.ts'
import type { Processor } from './processor.ts'
import { handsOn } from './settle.ts'
import { Source } from './source.ts'
import type { SourceOwner } from './source.ts'
import { Throttle } from './throttle.ts'
import { Work } from './work.ts'

export interface ThrottledIntakeOptions {
  readonly broker: Broker
  readonly processor: Processor
  readonly clock: Clock
  /** Whether the allocation is still good at this moment: a process that slept must not start anything. */
  readonly isFresh: () => boolean
}

/** An allocation that is away for one look comes back: what waits for others stays until it has been away for so long. */
const goneMs = 1_000

/**
 * The lane of a version on trial: takes what its allocation permits, message by message, and holds none back. Permits that were given to the
 * broker cannot be taken away again; where fewer are due than given, the subscription is replaced.
 */
export class ThrottledIntake implements Intake, SourceOwner {
  readonly #options: ThrottledIntakeOptions
  readonly #givingBack: GivingBack
  #allocation: ConsumerAllocation | undefined
  #unusableSince: number | undefined
  #throttle: Throttle | undefined
  #source: Source | undefined
  #retired: Source[] = []
  /** Received, given to the throttle, not begun. */
  #starting = 0
  #replacing: Promise<void> | undefined
  /** Takes nothing new / nothing can arrive any more. */
  readonly #stopping = new AbortController()
  #hasEnded = false

  constructor(options: ThrottledIntakeOptions) {
    this.#options = options
    this.#givingBack = new GivingBack(options.clock, options.processor.settler)
  }

  get link(): LinkState {
    return this.#source?.link ?? (this.#stopped ? 'closed' : 'idle')
  }

  get linkReason(): string | undefined {
    return this.#source?.linkReason
  }

  get slots(): number {
    return this.#allocation?.concurrency ?? 0
  }

  get begins(): boolean {
    const allocation = this.#allocation
    return !this.#stopped && allocation !== undefined && this.#options.isFresh() && !this.#isBlown(allocation)
  }

  get waiting(): number {
    return this.#starting + this.#givingBack.waiting + this.#options.processor.groups.waiting
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted
  }

  /** undefined: takes nothing, keeps what it has begun, and stays linked. */
  allow(allocation: ConsumerAllocation | undefined): void {
    const usable = allocation !== undefined && allocation.concurrency >= 1 ? allocation : undefined
    if (usable !== undefined) this.#pace(usable)
    this.#allocation = usable
    this.#unusableSince = usable === undefined ? (this.#unusableSince ?? this.#options.clock.now()) : undefined
    this.freed()
    this.#lookAgain()
  }

  freed(): void {
    if (this.#stopped || this.#replacing !== undefined) return
    const due = this.#due()
    if (this.#source === undefined || this.#isUnfit(this.#source, due)) this.#replacing = this.#replace()
    else this.#source.permit(this.#source.received + due)
  }

  onDelivery(delivery: Delivery, source: Source): void {
    const work = new Work(delivery, source, 'canary')
    this.#givingBack.letGoOfLost()
    // Also what goes to others waits for its group: nothing that came after it may begin before it.
    if (!this.#options.processor.groups.admits(work)) this.#count(work)
    else if (!this.#meets(work)) this.#givingBack.unmet(work)
    this.freed()
    // Where permits are left it would come straight back: then it is returned when the subscription has stopped.
    if (!this.#stopped && this.#replacing === undefined) this.returnUnstarted()
  }

  onLink(): void {
    this.freed()
  }

  resume(work: Work): void {
    this.#options.processor.settler.requeue(work)
  }

  turn(work: Work): void {
    if (!this.#meets(work)) this.#options.processor.settler.requeue(work)
  }

  /** First stops taking, then returns the message, then stands aside for a moment. */
  giveBack(work: Work): void {
    const isLast = this.#source === undefined || this.#hasEnded
    this.#givingBack.failed(work, isLast)
    // What is held keeps its place at the broker: others come over a subscription that has all its places.
    if (!isLast && !this.#stopped) this.#replacing ??= this.#replace()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#replacing
    await this.#source?.stop()
    this.#hasEnded = true
    this.returnUnstarted()
  }

  returnUnstarted(): void {
    const { settler, groups } = this.#options.processor
    if (this.#stopped) for (const work of groups.returnable(() => true)) settler.requeue(work)
    this.#givingBack.flush({ all: this.#hasEnded })
  }

  async retire(): Promise<void> {
    this.#throttle?.close()
    await this.#source?.retire()
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    this.#throttle?.close()
    await Promise.all([this.#source?.close(), ...this.#retired.map((source) => source.close())])
  }

  /** What goes back must not come here again: the subscription comes first. */
  #lookAgain(): void {
    const { clock, processor } = this.#options
    const isAway = this.#unusableSince !== undefined && clock.now() - this.#unusableSince < goneMs
    if (!isAway && this.#replacing === undefined) processor.lookAgain()
  }

  #pace({ concurrency: slots, delayMs }: ConsumerAllocation): void {
    const before = this.#allocation
    if (before?.concurrency === slots && before.delayMs === delayMs) return
    const lastStarts = this.#throttle?.lastStarts ?? []
    this.#throttle?.close()
    this.#throttle =
      delayMs > 0
        ? new Throttle({ slots, delayMs, clock: this.#options.clock, onReady: () => this.freed(), lastStarts })
        : undefined
  }

  /**
   * How many more messages it may take now: within its permits; within what may fail, should everything in flight fail; and within the free
   * slots where the broker's own limit does not see them (pacing, handlers that run on after their message was settled or its link lost).
   */
  #due(): number {
    const allocation = this.#allocation
    if (allocation === undefined || !this.#options.isFresh() || this.#isBlown(allocation)) return 0
    const { tally, inFlight } = this.#options.processor
    const permitted = (allocation.permits ?? Infinity) - tally.taken
    const bySlots = this.#throttle !== undefined || inFlight.stuck > 0 || this.#busy() > (this.#source?.unsettled ?? 0)
    return Math.max(0, Math.min(permitted, this.#mayFail(allocation), bySlots ? this.#free() : Infinity))
  }

  #isBlown({ fuse }: ConsumerAllocation): boolean {
    return fuse !== undefined && isBlown(fuse, this.#options.processor.cohorts.unjudged)
  }

  /** How many more may begin such that the allowance holds should all of them, and all that run, fail. */
  #mayFail({ failures }: ConsumerAllocation): number {
    const { tally, inFlight } = this.#options.processor
    return failures - tally.spentFailures - inFlight.running.size - this.#coming
  }

  #busy(): number {
    return this.#options.processor.inFlight.occupied + this.#coming
  }

  /** Received, and going to begin: at once, or when their group is free. */
  get #coming(): number {
    return this.#starting + this.#options.processor.groups.waiting
  }

  #free(): number {
    return Math.min(this.slots - this.#busy(), this.#throttle?.ready ?? Infinity)
  }

  #isUnfit(source: Source, due: number): boolean {
    const limit = this.#allocation?.concurrency ?? source.request.maxUnsettled
    return source.request.maxUnsettled !== limit || source.unused > due
  }

  async #replace(): Promise<void> {
    const { broker, clock } = this.#options
    const old = this.#source
    if (old !== undefined) this.#retired = [...this.#retired.filter(({ unsettled }) => unsettled > 0), old]
    await old?.retire()
    this.#source = undefined
    this.returnUnstarted()
    while (!this.#stopped && this.#givingBack.asideMs > 0)
      await clock.sleep(this.#givingBack.asideMs, this.#stopping.signal)
    if (!this.#stopped) {
      const maxUnsettled = this.#allocation?.concurrency ?? 1
      const permits = this.#due()
      this.#source = new Source(broker, { source: 'queue', precedence: 'ahead', maxUnsettled, permits }, this)
    }
    this.#replacing = undefined
    this.freed()
  }

  /** Whether it is done with here: on its way to others, or going to begin. False when it must not begin. */
  #meets(work: Work): boolean {
    const { processor } = this.#options
    if (this.#givingBack.knows(work) || this.#handsOn(work.delivery)) this.#passOn(work)
    else if (!processor.rejects(work)) {
      this.#count(work)
      return this.#start(work)
    }
    return true
  }

  #count(work: Work): void {
    if (!work.isTaken) this.#options.processor.tally.add('taken')
    work.isTaken = true
  }

  /** False when it must not start: the allocation went, grew old or shrank while the message was on its way. */
  #start(work: Work): boolean {
    const allocation = this.#allocation
    if (allocation === undefined || !this.begins || this.#free() < 1 || this.#mayFail(allocation) < 1) return false
    this.#starting++
    if (this.#throttle === undefined) void this.#begin(work)
    else this.#throttle.start(() => this.#begin(work))
    return true
  }

  /** Looks once more right before the start: pacing takes a moment, in which the process may have slept or the slots have become fewer. */
  async #begin(work: Work): Promise<void> {
    const { processor } = this.#options
    this.#starting--
    if (work.isVoid) {
      processor.tally.add('returned')
      processor.settler.drop(work)
    } else if (!this.begins || processor.inFlight.occupied >= this.slots) processor.settler.requeue(work)
    else await processor.begin(work)
  }

  /** True for a message near the broker's own limit, where it can be handed on: at the last delivery only a hand-back can. */
  #handsOn(delivery: Delivery): boolean {
    const { broker } = this.#options
    const canHandOn = broker.capabilities.handBack || delivery.returnsLeft > 0
    return canHandOn && handsOn(delivery, this.#allocation?.returnsToSpare ?? 0)
  }

  /** To whoever handles it: over the hand-back queue, or back to the queue where there is none. */
  #passOn(work: Work): void {
    const { broker, processor } = this.#options
    if (broker.capabilities.handBack && !this.#givingBack.knows(work)) processor.settler.perform(work, 'handBack')
    else this.giveBack(work)
    this.freed()
  }
}
