import { noCounts } from '../evidence/counts.ts'
import type { ConsumerReport } from '../rollout/consumer-report.ts'

type Taking = Pick<ConsumerReport, 'id' | 'counts' | 'uptimeMs'>

interface Known extends Taking {
  /** How long its last report told of, and the one before. */
  readonly toldOfMs: readonly [number, number]
}

/** A quick consumer reports once a second at least, and looks are up to 600 ms apart: what a report tells of in a longer time was held up. */
const heldUpMs = 2_000
/** Unless the consumer is always slow to report. */
const usualFactor = 2

/**
 * Counts the messages that reports tell of, and tells those apart that passed earlier: a report that was held up (a store that did not answer, a
 * process that stood still) tells of the past, and no canary is to have as many messages again. Of its messages those are of now that fell on
 * the time since the last look; and of any report's, those that fell on the running step. One without `uptimeMs` tells of now.
 */
export class Takings {
  #known: ReadonlyMap<string, Known> | undefined
  #lookedAt = 0
  #timely = 0
  #belated = 0

  /** `reports` are those of everybody, at `now` milliseconds of the reader's clock, when the step has lasted for `inStepMs`. */
  look(reports: readonly Taking[], now: number, inStepMs: number): void {
    const before = this.#known
    const spans = { sinceMs: now - this.#lookedAt, inStepMs }
    const told = (report: Taking): Known =>
      before === undefined ? known(report, [0, 0]) : this.#told(before, report, spans)
    this.#known = new Map(reports.map((report) => [report.id, told(report)]))
    this.#lookedAt = now
  }

  /** Messages that passed as they were told, since the first look. */
  get timely(): number {
    return this.#timely
  }

  /** Messages that had passed before; each is given once. */
  takeBelated(): number {
    const belated = this.#belated
    this.#belated = 0
    return belated
  }

  /** Books what is new in the report. Whoever appears after the first look has begun with nothing. */
  #told(before: ReadonlyMap<string, Known>, report: Taking, { sinceMs, inStepMs }: Spans): Known {
    const last = before.get(report.id) ?? known({ id: report.id, counts: noCounts, uptimeMs: 0 }, [0, 0])
    const tellsOfMs = report.uptimeMs - last.uptimeMs
    const messages = Math.max(0, report.counts.taken - last.counts.taken)
    if (tellsOfMs === 0 && messages === 0) return last
    const isHeldUp = tellsOfMs > Math.max(heldUpMs, usualFactor * Math.min(...last.toldOfMs))
    const timely = isHeldUp ? partOf(messages, sinceMs, tellsOfMs) : messages
    this.#timely += timely
    this.#belated += messages - Math.min(timely, partOf(messages, inStepMs, tellsOfMs))
    return known(report, [tellsOfMs, last.toldOfMs[0]])
  }
}

interface Spans {
  readonly sinceMs: number
  readonly inStepMs: number
}

/** No more of a report than is needed: it is kept until the next look. */
function known({ id, counts, uptimeMs }: Taking, toldOfMs: Known['toldOfMs']): Known {
  return { id, counts, uptimeMs, toldOfMs }
}

/** Of messages that passed evenly in `wholeMs`, those of its last `ms`. */
function partOf(messages: number, ms: number, wholeMs: number): number {
  return wholeMs > ms ? (messages * ms) / wholeMs : messages
}
