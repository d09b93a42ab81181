import type { Clock } from '../contracts/clock.ts'
import type { BatchSettings, HandleBatch } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import { failuresIn } from './batch-result.ts'
import { Context } from './handler-context.ts'
import { HandlerBatchMessage } from './handler-message.ts'
import type { InFlight } from './in-flight.ts'
import type { Work } from './work.ts'

export interface BatcherOptions extends BatchSettings {
  readonly handleBatch: HandleBatch
  readonly version: string
  readonly inFlight: InFlight
  /** Messages that may be in flight at a time, at present. */
  readonly slots: () => number
  /** Whether the handler may still be given a message that waited for others. */
  readonly mayBegin: (work: Work) => boolean
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Lets messages that are begun one by one be handled together. Each keeps its own slot, permit, time, attempt and outcome: a batch is no more than
 * the moment when their handler runs. It runs when there are enough of them, when no other can join them because every slot is taken, or when
 * the first has waited long enough.
 */
export class Batcher {
  readonly #options: BatcherOptions
  #gathered: Member[] = []
  #lingering = new AbortController()
  #looks = false
  #hurries = false

  constructor(options: BatcherOptions) {
    this.#options = options
  }

  /** Settles with the message's own outcome; rejects with `notBegun` where its handler was never called. */
  add(work: Work): Promise<void> {
    const member = { work, end: Promise.withResolvers<void>() }
    if (this.#gathered[0] !== undefined && this.#gathered[0].work.role !== work.role) this.#flush()
    this.#gathered.push(member)
    if (this.#hurries || this.#gathered.length >= this.#options.size) this.#flush()
    else this.#await()
    return member.end.promise
  }

  /** From now on nothing waits for others. */
  hurry(): void {
    this.#hurries = true
    this.#flush()
  }

  /** Nothing waits for others that could not join it, or that must not begin. */
  look(): void {
    const [first] = this.#gathered
    const { inFlight, slots, mayBegin } = this.#options
    if (first !== undefined && (inFlight.occupied >= slots() || !mayBegin(first.work))) this.#flush()
  }

  /** Slots are freed and taken one by one in a turn of the event loop: only its end shows whether one is left. */
  #await(): void {
    if (this.#gathered.length === 1) void this.#linger(this.#lingering.signal)
    if (this.#looks) return
    this.#looks = true
    setImmediate(() => {
      this.#looks = false
      this.look()
    })
  }

  async #linger(signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(this.#options.lingerMs, signal)
    if (!signal.aborted) this.#flush()
  }

  #flush(): void {
    const batch = this.#gathered
    if (batch.length === 0) return
    this.#gathered = []
    this.#lingering.abort()
    this.#lingering = new AbortController()
    void this.#run(batch)
  }

  /** Never rejects: what goes wrong is the outcome of its messages. */
  async #run(batch: readonly Member[]): Promise<void> {
    const { clock, inFlight } = this.#options
    const now = clock.now()
    const living = this.#living(batch)
    for (const { work } of living) {
      work.startedAt = now
      work.companions = living.length
      inFlight.restart(work)
    }
    const [first] = living
    if (first !== undefined) await this.#handle(living, first.work)
  }

  /** What was given up meanwhile is somebody else's already; what must not begin any more, or has lost its slot, ends here. */
  #living(batch: readonly Member[]): readonly Member[] {
    const { mayBegin, slots, inFlight } = this.#options
    let free = slots() - (inFlight.occupied - batch.length)
    return batch.filter(({ work, end }) => {
      if (work.outcome !== undefined) end.resolve()
      else if (mayBegin(work) && (work.role === 'stable' || free-- > 0)) return true
      else end.reject(notBegun)
      return false
    })
  }

  async #handle(batch: readonly Member[], first: Work): Promise<void> {
    const { handleBatch, version, log } = this.#options
    const works = batch.map(({ work }) => work)
    try {
      const messages = works.map(({ delivery, attempt }) => new HandlerBatchMessage(delivery.message, attempt))
      const failures = failuresIn(await handleBatch(messages, new Context(first, version, log)), works)
      batch.forEach(({ end }, index) => settle(end, failures[index]))
    } catch (reason) {
      for (const { end } of batch) end.reject(reason)
    }
  }
}

/** Why a message that waited for others ended without a handler. */
export const notBegun = Symbol('not begun')

interface Member {
  readonly work: Work
  readonly end: PromiseWithResolvers<void>
}

function settle(end: PromiseWithResolvers<void>, failure: { readonly reason: unknown } | undefined): void {
  if (failure === undefined) end.resolve()
  else end.reject(failure.reason)
}
