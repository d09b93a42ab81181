import type { Clock } from '../contracts/clock.ts'
import { notBegun } from './batcher.ts'
import { isAbort } from './describe-thrown.ts'
import type { InFlight } from './in-flight.ts'
import type { Outcome } from './tally.ts'
import type { Work } from './work.ts'

export interface DispatcherOptions {
  /** Runs the handler for a message. May throw, or return a promise of its end. */
  readonly run: (work: Work) => unknown
  readonly handlerTimeoutMs: number
  readonly inFlight: InFlight
  readonly clock: Clock
  /** Exactly once for each work, unless a drain gave it up. `error` is what was thrown, if anything was. */
  readonly onOutcome: (work: Work, outcome: Outcome, error: unknown) => void
  /** A handler ended after its message's outcome had been decided; its slot is free again. */
  readonly onLate: (work: Work) => void
  /** Without an outcome: it waited for others and did not begin, or its handler obeyed its signal because the message is lost to it. Any other failure is one. */
  readonly onForgone: (work: Work) => void
}

/** Runs handlers. Nothing that a handler throws, returns or fails to do gets past it. */
export class Dispatcher {
  readonly #options: DispatcherOptions

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Resolves when the handler has really ended, in time or not. Never rejects. */
  async start(work: Work, now: number): Promise<void> {
    const { inFlight, run } = this.#options
    work.startedAt = now
    inFlight.begin(work)
    let outcome: Outcome = 'succeeded'
    let error: unknown
    try {
      // `await` also tames thenables that throw, settle twice or lie.
      await run(work)
    } catch (thrown) {
      outcome = 'failed'
      error = thrown
    }
    inFlight.end(work)
    if (work.outcome !== undefined) this.#options.onLate(work)
    else if (error === notBegun || (work.isLost && isAbort(error))) this.#options.onForgone(work)
    else this.#decide(work, outcome, error)
  }

  /**
   * Ends the time of handlers that take too long, until the signal aborts. All handlers have the same time, so the oldest one is the next to
   * be late, and none that starts during the sleep can be late before its end: one timer serves them all.
   */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, handlerTimeoutMs, inFlight } = this.#options
    while (!signal.aborted) {
      const now = clock.now()
      for (const work of inFlight.running) {
        if (now - work.startedAt < handlerTimeoutMs) break
        this.#timeOut(work)
      }
      const oldest = inFlight.running.first
      await clock.sleep(oldest === undefined ? handlerTimeoutMs : oldest.startedAt + handlerTimeoutMs - now, signal)
    }
  }

  /**
   * Tells handlers whose message the broker gives to somebody else, because its link or its lease was lost. A batch goes on: others in it may be
   * ours still.
   */
  loseVoid(): void {
    for (const work of this.#options.inFlight.running)
      if (work.companions === 1 && !work.isLost && work.isVoid) work.lose()
  }

  #timeOut(work: Work): void {
    work.abort()
    this.#options.inFlight.strand(work)
    this.#decide(work, 'timedOut', undefined)
  }

  #decide(work: Work, outcome: Outcome, error: unknown): void {
    work.outcome = outcome
    this.#options.onOutcome(work, outcome, error)
  }
}
