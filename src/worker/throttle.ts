import Bottleneck from 'bottleneck'
import type { Clock } from '../contracts/clock.ts'

export interface ThrottleOptions {
  readonly slots: number
  /** Least time between two starts on one slot; more than 0. */
  readonly delayMs: number
  readonly clock: Clock
  /** A slot has become ready. */
  readonly onReady: () => void
  /** When the slots of the throttle that this one replaces were last used: the new ones rest for what is left of the delay. */
  readonly lastStarts?: readonly number[]
}

/**
 * Paces the throttled lane. One limiter per slot, because `minTime` holds per limiter; a slot is given out only when it is ready, so that no
 * job ever waits inside a limiter. Its settings never change: limiters take changed settings late or not at all, so a new allocation gets a
 * new throttle. They also count by the wall clock: one that is set back would keep a job for as long, so its limiters are replaced. Without a
 * delay there is nothing to pace, and counting slots is cheaper by three orders of magnitude.
 */
export class Throttle {
  readonly #options: ThrottleOptions
  readonly #slots: Slot[]
  readonly #ready: Slot[] = []
  readonly #closed = new AbortController()

  constructor(options: ThrottleOptions) {
    this.#options = options
    const { slots, delayMs, clock, lastStarts = [] } = options
    const latestFirst = lastStarts.toSorted((a, b) => b - a)
    this.#slots = Array.from({ length: slots }, (_, index) => ({
      limiter: this.#limiter(),
      wallAhead: this.#wallAhead(),
      startedAt: latestFirst[index] ?? -Infinity,
    }))
    for (const slot of this.#slots) {
      const restMs = slot.startedAt + delayMs - clock.now()
      if (restMs > 0) void this.#rest(slot, restMs)
      else this.#ready.push(slot)
    }
  }

  /** Slots that may start a job now. */
  get ready(): number {
    return this.#ready.length
  }

  get lastStarts(): readonly number[] {
    return this.#slots.map(({ startedAt }) => startedAt)
  }

  /** Starts a job on a ready slot; false when there is none. The job never rejects. */
  start(job: () => Promise<void>): boolean {
    const slot = this.#ready.pop()
    if (slot === undefined) return false
    slot.startedAt = this.#options.clock.now()
    this.#mindTheWall(slot)
    void this.#run(slot, job)
    return true
  }

  /** Gives out no slot any more. What has begun goes on. */
  close(): void {
    this.#ready.length = 0
    this.#closed.abort()
    for (const { limiter } of this.#slots) void limiter.disconnect(false)
  }

  /** The slot rests from the moment when the job really began: a limiter takes its time to begin one. */
  async #run(slot: Slot, job: () => Promise<void>): Promise<void> {
    const { clock, delayMs } = this.#options
    let resting: Promise<void> | undefined
    await slot.limiter.schedule(() => {
      slot.startedAt = clock.now()
      resting = clock.sleep(delayMs, this.#closed.signal)
      return job()
    })
    await resting
    this.#giveOut(slot)
  }

  /** A slot has rested by the monotonic clock when it is given out: a new limiter lets its job begin at once. */
  #mindTheWall(slot: Slot): void {
    const wallAhead = this.#wallAhead()
    if (slot.wallAhead - wallAhead > this.#options.delayMs) {
      void slot.limiter.disconnect(false)
      slot.limiter = this.#limiter()
    }
    slot.wallAhead = wallAhead
  }

  #limiter(): Bottleneck {
    return new Bottleneck({ maxConcurrent: 1, minTime: this.#options.delayMs })
  }

  #wallAhead(): number {
    const { clock } = this.#options
    return clock.wall() - clock.now()
  }

  async #rest(slot: Slot, restMs: number): Promise<void> {
    await this.#options.clock.sleep(restMs, this.#closed.signal)
    this.#giveOut(slot)
  }

  #giveOut(slot: Slot): void {
    if (this.#closed.signal.aborted) return
    this.#ready.push(slot)
    this.#options.onReady()
  }
}

interface Slot {
  limiter: Bottleneck
  /** Milliseconds that the wall clock was ahead of the monotonic one when the limiter was last used. */
  wallAhead: number
  startedAt: number
}
