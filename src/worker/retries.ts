import type { BrokerCapabilities, RetryNote } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import { backoffMs, longestBackoffMs } from './backoff.ts'
import type { Backoff } from './backoff.ts'
import { mayReturn } from './settle.ts'
import type { Settler } from './settler.ts'
import type { Work } from './work.ts'

export interface RetriesOptions {
  readonly version: string
  readonly maxAttempts: number
  readonly retryDelayMs: number
  readonly retryLater: BrokerCapabilities['retryLater']
  readonly settler: Pick<Settler, 'perform' | 'requeue' | 'retryLater'>
  readonly clock: Clock
  readonly random: () => number
  /** A message that waited here is due. */
  readonly resume: (work: Work) => void
}

/** What says when a failing message is tried again. */
export type RetryPlan = Pick<RetriesOptions, 'maxAttempts' | 'retryDelayMs' | 'retryLater'>

/** Nothing, doubled, stays nothing: what an outage makes fail would be tried as fast as the machine can. */
const leastDelayMs = 1
const longestDelayMs = 5 * 60_000
/** What waits no longer than this waits here: the way over the broker would take longer. */
const shortDelayMs = 1_000

/**
 * Messages that failed on the version in charge, until their next attempt. They wait at the broker, where they are in nobody's way and no death of a
 * worker loses count of them. Where the delay is short, or the broker does not take them, they wait here, unsettled and without a slot: never
 * more than the prefetch.
 */
export class Retries {
  readonly #options: RetriesOptions
  readonly #pending = new Set<Work>()
  #cancelled = new AbortController()
  #draining = false
  #ended = false

  constructor(options: RetriesOptions) {
    this.#options = options
  }

  /** Messages that wait here. */
  get size(): number {
    return this.#pending.size
  }

  /** From now on nothing waits here for long. */
  drain(): void {
    this.#draining = true
  }

  /** Takes out what waits here. From now on nothing does, and nothing begins: what the broker does not keep goes back, whatever that costs. */
  end(): readonly Work[] {
    this.#ended = true
    return this.cancel()
  }

  /** `excused`: the attempt says nothing of the message. */
  retry(work: Work, error: string | undefined, excused: boolean): void {
    const { maxAttempts, retryLater, random } = this.#options
    // What an outage made fail has half of its attempts left, whatever their number was, and waits as if it were the last.
    const attempts = excused ? Math.min(work.attempt, Math.floor(maxAttempts / 2)) : work.attempt
    const step = excused ? maxAttempts - 1 : attempts
    const delayMs = backoffMs(backoffOf(this.#options), step, random)
    const note = { ...this.#note(work, attempts), error, delayMs }
    const next = work.next(attempts)
    // In a drain the broker has just been asked.
    if (retryLater === 'noted' && !this.#draining) next.note = note
    if (retryLater === 'none' || (!this.#draining && isShort(this.#options, step))) this.hold(next, delayMs)
    else void this.#options.settler.retryLater(work, note, () => this.hold(next, delayMs))
  }

  /** The last attempt has failed. Where notes travel, the message comes back once with what is to be known of it, and dies then. */
  giveUp(work: Work, last: Partial<RetryNote>): void {
    const { retryLater, settler } = this.#options
    const note = { ...this.#note(work), ...last, dead: true }
    const die = (): void => settler.perform(work, 'deadLetter')
    if (retryLater === 'noted') void settler.retryLater(work, note, die)
    else die()
  }

  /** Keeps a message here, unsettled. In a drain it goes back instead, if it was not returned so often that this may be its end. */
  hold(work: Work, delayMs: number): void {
    const mayGo = work.outcome === 'unaccepted' || mayReturn(work.delivery)
    if (this.#ended || (this.#draining && mayGo)) this.#options.settler.requeue(work)
    else void this.#wait(work, this.#draining ? 0 : delayMs)
  }

  /** Takes out everything that waits here. */
  cancel(): readonly Work[] {
    const all = [...this.#pending]
    this.#pending.clear()
    this.#cancelled.abort()
    this.#cancelled = new AbortController()
    return all
  }

  async #wait(work: Work, delayMs: number): Promise<void> {
    this.#pending.add(work)
    await this.#options.clock.sleep(delayMs, this.#cancelled.signal)
    if (this.#pending.delete(work)) this.#options.resume(work)
  }

  #note(work: Work, attempts = work.attempt): RetryNote {
    return {
      attempts: Math.min(attempts, mostAttempts),
      version: this.#options.version,
      reason: work.outcome === 'timedOut' ? 'timedOut' : 'failed',
      waits: 0,
      error: undefined,
      delayMs: 0,
      dead: false,
    }
  }
}

/** How many attempts at a failing message follow one another before the broker keeps it for the next one. */
export function attemptsInARow(plan: RetryPlan): number {
  let attempts = 1
  while (attempts < plan.maxAttempts && isShort(plan, attempts)) attempts++
  return attempts
}

/** Whether what failed so often waits here. A broker that counts by itself must see each attempt, or none: its count is the next one. */
function isShort(plan: RetryPlan, attempts: number): boolean {
  const step = plan.retryLater === 'counted' ? plan.maxAttempts - 1 : attempts
  return longestBackoffMs(backoffOf(plan), step) < shortDelayMs
}

function backoffOf({ retryDelayMs }: RetryPlan): Backoff {
  return { baseMs: Math.max(leastDelayMs, retryDelayMs), maxMs: longestDelayMs }
}

const mostAttempts = 65_535
