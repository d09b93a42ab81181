import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import { within } from './deadline.ts'
import { TroubleLog } from './trouble-log.ts'

export interface ReporterOptions {
  readonly records: Pick<QueueRecords, 'writeReport'>
  readonly clock: Clock
  readonly log: Logger
  /** The consumer as it is now. */
  readonly describe: () => Omit<ConsumerReport, Stamp>
}

/** What the reporter adds. */
export type Stamp = 'beat' | 'at' | 'uptimeMs'

/** Others take a beat that stands still for death: it changes at least this often. */
const beatMs = 1_000
const signOffMs = 2_000

/** Writes the consumer's report: when something changed, and once a second. One write at a time. */
export class Reporter {
  readonly #options: ReporterOptions
  readonly #trouble: TroubleLog
  readonly #beganAt: number
  #beat = 0
  #written: { readonly content: string; readonly at: number } | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: ReporterOptions) {
    this.#options = options
    this.#beganAt = options.clock.now()
    this.#trouble = new TroubleLog(options.log, 'the report could not be written')
  }

  current(): ConsumerReport {
    const { describe, clock } = this.#options
    const uptimeMs = Math.round(clock.now() - this.#beganAt)
    return { ...describe(), beat: this.#beat, at: clock.wall(), uptimeMs }
  }

  /** Never rejects: the next report says everything that this one did. */
  report(): Promise<void> {
    const now = this.#options.clock.now()
    const content = fingerprint(this.current())
    if (this.#written?.content === content && now - this.#written.at < beatMs) return this.#writing
    this.#writing = this.#write(content, now)
    return this.#writing
  }

  /** The last report. Takes its time, at most two seconds of it. */
  async signOff(): Promise<void> {
    const { clock } = this.#options
    const last = this.#writing.then(() => this.#write('', clock.now()))
    await within(clock, signOffMs, last)
  }

  async #write(content: string, at: number): Promise<void> {
    this.#beat++
    try {
      await this.#options.records.writeReport(this.current())
      this.#written = { content, at }
      this.#trouble.over()
    } catch (error) {
      this.#trouble.met(error)
    }
  }
}

/** What differs each time is no news. */
function fingerprint(report: ConsumerReport): string {
  return JSON.stringify({ ...report, beat: 0, at: 0, uptimeMs: 0, eventLoopDelayMs: 0 })
}
