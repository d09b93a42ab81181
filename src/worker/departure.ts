import type { Clock } from '../contracts/clock.ts'
import type { DrainReport } from '../core/rollout/consumer-report.ts'
import type { ConsumerEnd } from './consumer-options.ts'
import { Deadline } from './deadline.ts'

export interface DepartureOptions {
  readonly clock: Clock
  /** Called once, when the first wish comes. Never rejects. */
  readonly drain: (deadline: Deadline) => Promise<DrainReport>
  readonly onDrained: (report: DrainReport) => void
}

type Leave = Pick<ConsumerEnd, 'reason' | 'error'>

/** How a consumer goes: it drains once; then it stays, drained, or leaves for the first reason that was given, or because it was stopped. */
export class Departure {
  readonly #options: DepartureOptions
  readonly #ended = Promise.withResolvers<ConsumerEnd>()
  #drain: { readonly deadline: Deadline; readonly done: Promise<DrainReport> } | undefined
  #report: DrainReport | undefined
  #leave: Leave | undefined

  constructor(options: DepartureOptions) {
    this.#options = options
  }

  /** Resolves when it has drained and is to leave. */
  get ended(): Promise<ConsumerEnd> {
    return this.#ended.promise
  }

  get isLeaving(): boolean {
    return this.#leave !== undefined
  }

  get isDraining(): boolean {
    return this.#drain !== undefined
  }

  /** undefined until it has drained. */
  get report(): DrainReport | undefined {
    return this.#report
  }

  /** Whoever leaves is given a shorter time where that is wished for later. */
  drainBy(timeoutMs: number): void {
    if (this.#drain !== undefined) {
      if (this.isLeaving) this.#drain.deadline.shorten(timeoutMs)
      return
    }
    const deadline = new Deadline(this.#options.clock, timeoutMs)
    const { promise: done, resolve } = Promise.withResolvers<DrainReport>()
    // Whoever is told that it drains may wish that it leaves, too.
    this.#drain = { deadline, done }
    void this.#perform(deadline).then(resolve)
  }

  leave(wanted: Leave, timeoutMs: number): void {
    if (this.#leave === undefined || wanted.reason === 'stopped') this.#leave = wanted
    this.drainBy(timeoutMs)
    void this.#drain?.done.then((drain) => this.#ended.resolve({ ...(this.#leave ?? wanted), drain }))
  }

  async #perform(deadline: Deadline): Promise<DrainReport> {
    const report = await this.#options.drain(deadline)
    this.#report = report
    this.#options.onDrained(report)
    return report
  }
}
