import type { Clock } from '../../../src/contracts/clock.ts'
import { Backoff } from './timing.ts'

/** What became of one entry: carried out, beyond help, or worth another try. */
export type EntryOutcome = 'done' | 'gone' | 'again'

export interface BatcherSettings<T> {
  readonly clock: Clock
  /** The longest that an entry waits for company; 0: until the end of this turn of the event loop. */
  readonly lingerMs: number
  /** Carries out at most ten entries and tells of each, in their order. Never rejects. */
  readonly send: (entries: readonly T[]) => Promise<readonly EntryOutcome[]>
  /** Told once for each entry. */
  readonly onEnd: (entry: T, outcome: 'done' | 'gone') => void
}

/** SQS takes ten entries a call. */
export const batchSize = 10

/** Gathers entries into batches, and tries again by itself, with growing pauses, each entry that failed. */
export class Batcher<T> {
  readonly #settings: BatcherSettings<T>
  #waiting: T[] = []
  /** Changes with every batch that leaves: a linger is for the batch that it began with. */
  #batch = 0
  #isLingering = false
  #pending = 0
  #waiters: (() => void)[] = []
  readonly #backoff = new Backoff({ longest: 5_000 })
  readonly #hurry = new AbortController()

  constructor(settings: BatcherSettings<T>) {
    this.#settings = settings
  }

  /** Entries whose end is not known yet. */
  get pending(): number {
    return this.#pending
  }

  add(entry: T): void {
    this.#pending++
    this.#push(entry)
  }

  /** From now on nothing waits for company, and pauses between tries are short. */
  hurry(): void {
    this.#hurry.abort()
    this.#flush()
  }

  /** Resolves when nothing is pending. */
  async idle(): Promise<void> {
    while (this.#pending > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  #push(entry: T): void {
    this.#waiting.push(entry)
    if (this.#waiting.length >= batchSize) this.#flush()
    else if (!this.#isLingering) this.#linger()
  }

  #linger(): void {
    const { clock, lingerMs } = this.#settings
    const batch = this.#batch
    this.#isLingering = true
    const flush = (): void => {
      if (batch === this.#batch) this.#flush()
    }
    if (lingerMs === 0 || this.#hurry.signal.aborted) setImmediate(flush)
    else void clock.sleep(lingerMs).then(flush)
  }

  #flush(): void {
    this.#batch++
    this.#isLingering = false
    while (this.#waiting.length > 0) void this.#send(this.#waiting.splice(0, batchSize))
  }

  async #send(entries: readonly T[]): Promise<void> {
    const sentAt = this.#settings.clock.now()
    const outcomes = await this.#settings.send(entries)
    const again: T[] = []
    for (const [index, entry] of entries.entries()) {
      const outcome = outcomes[index] ?? 'again'
      if (outcome === 'again') again.push(entry)
      else this.#end(entry, outcome)
    }
    if (again.length > 0) await this.#retry(again, this.#settings.clock.now() - sentAt)
  }

  async #retry(entries: readonly T[], tookMs: number): Promise<void> {
    await this.#settings.clock.sleep(Math.max(5, this.#backoff.next(tookMs)), this.#hurry.signal)
    if (this.#hurry.signal.aborted) await this.#settings.clock.sleep(hurriedPauseMs)
    for (const entry of entries) this.#push(entry)
  }

  #end(entry: T, outcome: 'done' | 'gone'): void {
    this.#pending--
    this.#settings.onEnd(entry, outcome)
    if (this.#pending > 0) return
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}

const hurriedPauseMs = 50
