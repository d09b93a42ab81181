import type { BrokerCapabilities, Passage, RetryNote } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Accepts } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import type { ContractReport } from '../core/rollout/consumer-report.ts'
import { isAccepted } from './acceptance.ts'
import { FailureLog } from './failure-log.ts'
import type { Retries } from './retries.ts'
import type { Settler } from './settler.ts'
import type { Tally } from './tally.ts'
import { WaitBook } from './wait-book.ts'
import type { Work } from './work.ts'

export interface UnacceptedOptions {
  /** undefined: the version accepts everything. */
  readonly accepts: Accepts | undefined
  readonly version: string
  readonly maxAttempts: number
  readonly handBack: boolean
  readonly retryLater: BrokerCapabilities['retryLater']
  readonly settler: Pick<Settler, 'perform' | 'retryLater'>
  readonly retries: Pick<Retries, 'giveUp' | 'hold'>
  readonly tally: Pick<Tally, 'add'>
  /** Whether a rollout runs. */
  readonly isReleasing: () => boolean
  readonly clock: Clock
  readonly log: Logger
}

const firstWaitMs = 1_000
const longestWaitMs = 64_000
/** Of what one consumer has put off, no more than so many come back in a second, as long as the broker can hold them for long enough. */
const mostPerSecond = 50
const longestRetryMs = 512_000
/** As `limits.maxReceiveCount` is by default. */
const leastReturnsLeft = 3

/**
 * Messages that this version does not accept. They are no failures and no evidence. A canary gives them to the version in charge, over the
 * hand-back queue, or returns them to the queue where there is none. The version in charge puts them off, longer each time: they come back to the
 * queue, where a canary gets its share of them, and the next version in charge all of them.
 */
export class Unaccepted {
  readonly #options: UnacceptedOptions
  readonly #waiting: WaitBook
  readonly #log: FailureLog
  #total = 0

  constructor(options: UnacceptedOptions) {
    this.#options = options
    this.#waiting = new WaitBook(options.clock)
    this.#log = new FailureLog(
      options.log,
      options.clock,
      'a message is not accepted by this version: it waits for one that does',
    )
  }

  /** undefined where the version accepts everything. */
  get report(): ContractReport | undefined {
    const { accepts } = this.#options
    return accepts && { ...accepts, unaccepted: this.#total, waiting: this.#waiting.size }
  }

  includes({ delivery }: Work): boolean {
    const { accepts } = this.#options
    return accepts !== undefined && !isAccepted(accepts, delivery.message)
  }

  /** It counts as taken: a canary's share is one of all messages, whether or not it accepts them. */
  handOn(work: Work): void {
    if (work.outcome === undefined) this.#count(work)
    const { handBack, settler } = this.#options
    if (work.role === 'stable') this.#putOff(work)
    else settler.perform(work, handBack ? 'handBack' : 'return')
  }

  #count(work: Work): void {
    work.outcome = 'unaccepted'
    this.#total++
    if (!work.isTaken && work.source.request.source === 'queue') this.#options.tally.add('taken')
  }

  #putOff(work: Work): void {
    const { retries, settler, retryLater, maxAttempts, clock, version } = this.#options
    const { attempts, waits, failure } = historyOf(work.delivery.passage)
    if (failure !== undefined && attempts >= maxAttempts) {
      retries.giveUp(work, { attempts, ...failure })
      return
    }
    const keep = !this.#isOffered(work)
    const delayMs = this.#delayMs(waits)
    const progress = { attempts, version, waits, delayMs }
    const note: RetryNote = { ...progress, reason: 'unaccepted', error: undefined, dead: false, keep }
    this.#log.failed('unaccepted', { accepts: this.#options.accepts?.range })
    this.#waiting.add(clock.now() + delayMs)
    if (retryLater === 'none') retries.hold(work, delayMs)
    else void settler.retryLater(work, note, () => retries.hold(work, delayMs))
  }

  /** Whether a canary may have it; with few returns left, it would leave it to the version in charge. */
  #isOffered({ delivery }: Work): boolean {
    return this.#options.isReleasing() && delivery.returnsLeft > leastReturnsLeft
  }

  /** While a release runs, its canary may take the message at the next turn. */
  #delayMs(waits: number): number {
    const patientMs = this.#options.isReleasing() ? firstWaitMs : firstWaitMs * 2 ** Math.min(waits - 1, 20)
    const spreadMs = (this.#waiting.size / mostPerSecond) * 1_000
    return Math.min(longestRetryMs, Math.max(Math.min(longestWaitMs, patientMs), spreadMs))
  }
}

interface History {
  readonly attempts: number
  /** This time included. */
  readonly waits: number
  /** Of the canary that handed it back, where that had tried. */
  readonly failure: Pick<RetryNote, 'version' | 'reason'> | undefined
}

function historyOf({ retried, handedBack }: Passage): History {
  const waits = waitsOf(retried) + 1
  const attempts = retried?.attempts ?? 0
  if (handedBack?.reason !== 'failed' && handedBack?.reason !== 'timedOut')
    return { attempts, waits, failure: undefined }
  const { version, reason } = handedBack
  return { attempts: attempts + 1, waits, failure: { version, reason } }
}

/** A broker that only counts deliveries knows no more than how often the message came. */
function waitsOf(retried: Passage['retried']): number {
  if (retried?.reason === undefined) return retried?.attempts ?? 0
  return retried.reason === 'unaccepted' ? retried.waits : 0
}
