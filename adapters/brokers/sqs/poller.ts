import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../src/contracts/clock.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import type { QueueCanaryError } from '../../../src/errors.ts'
import type { PermitLedger } from '../shared/permit-ledger.ts'
import type { QueueAddress } from './address.ts'
import type { Message, SqsApi } from './api.ts'
import { mostPolls, PollLaw } from './poll-law.ts'
import { Backoff, waits } from './timing.ts'

export interface PollerSettings {
  readonly api: SqsApi
  readonly queue: QueueAddress
  readonly visibilityS: number
  readonly ledger: PermitLedger
  readonly maxUnsettled: number
  readonly clock: Clock
  /** Settlements that SQS has not confirmed; a consumer that cannot settle must not take more and more. */
  readonly pending: () => number
  /** `since`: when SQS may have given them, at the earliest. Also called after `stop`: then they must be returned. */
  readonly onMessages: (messages: readonly Message[], since: number) => void
  /** A poll was answered, and all is well. */
  readonly onAnswer: () => void
  readonly onFailure: (error: QueueCanaryError) => void
}

/** Keeps as many polls under way as permits, places and traffic call for. None is ever cancelled: SQS may give it messages all the same. */
export class Poller {
  readonly #settings: PollerSettings
  readonly #law: PollLaw
  readonly #waitMs: number
  readonly #backoff = new Backoff({ longest: 15_000 })
  readonly #ending = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #failedAt = Number.NEGATIVE_INFINITY
  /** After failures: one poll at a time, and none before this moment. */
  #trouble: { readonly until: number } | undefined
  #unanswered: Attempt[] = []
  #quickEmpties = 0
  #emptyAt = Number.NEGATIVE_INFINITY
  #restingUntil = Number.NEGATIVE_INFINITY
  #isSmallDue = false
  #wayMs: number | undefined
  #alarm: AbortController | undefined

  constructor(settings: PollerSettings) {
    const { ledger, maxUnsettled } = settings
    this.#settings = settings
    this.#law = new PollLaw(ledger, maxUnsettled)
    this.#waitMs = ledger.left === Number.POSITIVE_INFINITY ? waits.streamingPoll : waits.permitPoll
  }

  get polls(): number {
    return this.#law.polls
  }

  /** Permits, places or the state of the queue have changed. */
  look(): void {
    if (this.#ending.signal.aborted || this.#mustRest()) return
    for (let ask = this.#next(); ask > 0; ask = this.#next()) this.#start(ask)
    // a moment later there may be room for a whole batch
    if (this.#law.polls === 0 && this.#law.room > 0 && !this.#isSmallDue)
      this.#wake(smallPollMs, () => (this.#isSmallDue = true))
  }

  /**
   * A poll that waits is served before those that begin to wait later. Who gives way does not wait: each poll takes what is there, and the next one
   * comes so long after it found nothing, when those that wait have had what came.
   */
  giveWay(restMs: number | undefined): void {
    this.#wayMs = restMs
    this.look()
  }

  settled(): void {
    this.#law.settled()
    this.look()
  }

  /** Gives a message that was parked a place; false where there is none. */
  resume(): boolean {
    return this.#law.resume()
  }

  /** Begins no poll any more; resolves when the last one has ended, or has had its time. */
  async stop(): Promise<void> {
    this.#ending.abort()
    this.#alarm?.abort()
    const over = Promise.all(this.#underWay).then(() => true)
    const { clock } = this.#settings
    const given = new AbortController()
    await Promise.race([over, clock.sleep(this.#waitMs + waits.lastPolls, given.signal)])
    given.abort()
  }

  #next(): number {
    if (this.#trouble !== undefined && this.#law.polls > 0) return 0
    return this.#law.next(this.#isSmallDue)
  }

  #mustRest(): boolean {
    const { clock, maxUnsettled, pending } = this.#settings
    const until = Math.max(this.#trouble?.until ?? Number.NEGATIVE_INFINITY, this.#restingUntil)
    const isClogged = pending() > Math.max(mostPending, 2 * maxUnsettled)
    const restMs = isClogged ? clogMs : until - clock.now()
    if (restMs <= 0) return false
    this.#wake(restMs)
    return true
  }

  /** Looks again later; one such appointment at a time. */
  #wake(ms: number, before?: () => void): void {
    if (this.#alarm !== undefined) return
    const alarm = new AbortController()
    this.#alarm = alarm
    void this.#settings.clock.sleep(ms, alarm.signal).then(() => {
      if (this.#alarm === alarm) this.#alarm = undefined
      before?.()
      this.look()
    })
  }

  #start(ask: number): void {
    this.#isSmallDue = false
    this.#law.begin(ask)
    const poll = this.#poll(ask).finally(() => {
      this.#underWay.delete(poll)
      this.look()
    })
    this.#underWay.add(poll)
  }

  /** Never rejects. */
  async #poll(ask: number): Promise<void> {
    const { api, queue, visibilityS, clock, onMessages, onAnswer, onFailure } = this.#settings
    const since = clock.now()
    const attempt = queue.isFifo ? this.#attempt(ask) : undefined
    try {
      const messages = await api.receive(queue, {
        count: ask,
        waitMs: this.#wayMs === undefined ? this.#waitMs : 0,
        visibilityS,
        attemptId: attempt?.id,
      })
      this.#answered(ask, messages.length, since)
      if (this.#trouble === undefined) onAnswer()
      if (messages.length > 0) onMessages(messages, this.#givenSince(since))
    } catch (error) {
      this.#law.end(ask, 0)
      if (!isQueueCanaryError(error)) throw error
      if (attempt !== undefined && error.retryable) this.#unanswered.push(attempt)
      this.#failed(since)
      onFailure(error)
    }
  }

  /** A FIFO queue gives what an unanswered poll has taken to the poll that repeats it, instead of hiding the groups until their time is over. */
  #attempt(ask: number): Attempt {
    const index = this.#unanswered.findIndex((unanswered) => unanswered.ask === ask)
    return (index === -1 ? undefined : this.#unanswered.splice(index, 1)[0]) ?? { id: randomUUID(), ask }
  }

  /**
   * Between the request and its answer, SQS may have given the messages at any time. Where that matters little, the earliest counts. A short visibility
   * timeout would be over before it began; then the latest counts, unless the answer took longer than it can: this process has stood still.
   */
  #givenSince(since: number): number {
    const now = this.#settings.clock.now()
    const stoodStill = now - since > this.#waitMs + waits.lastPolls
    return stoodStill ? since : Math.max(since, now - this.#settings.visibilityS * 250)
  }

  /** Several polls may fail of one cause: only one that began after the last failure makes the pause longer. */
  #failed(since: number): void {
    if (this.#trouble !== undefined && since < this.#trouble.until) return
    const now = this.#settings.clock.now()
    this.#trouble = { until: now + this.#backoff.next(since - this.#failedAt) }
    this.#failedAt = now
    if (this.#unanswered.length > mostPolls) this.#unanswered.length = 0
  }

  #answered(ask: number, got: number, since: number): void {
    const now = this.#settings.clock.now()
    this.#law.end(ask, got)
    if (this.#trouble !== undefined && since >= this.#trouble.until) this.#trouble = undefined
    if (this.#wayMs !== undefined && got === 0) this.#restingUntil = now + this.#wayMs
    else this.#rest(got === 0 && now - since < this.#waitMs / 2, since)
  }

  /** Polls side by side that end for one reason count once. */
  #rest(isQuickEmpty: boolean, since: number): void {
    if (!isQuickEmpty) this.#quickEmpties = 0
    else if (since >= this.#emptyAt) {
      this.#quickEmpties++
      this.#emptyAt = this.#settings.clock.now()
      if (this.#quickEmpties < 4) return
      this.#restingUntil = this.#emptyAt + Math.min(longestRestMs, 5 * 2 ** (this.#quickEmpties - 4))
    }
  }
}

/** A receive by its own id. */
interface Attempt {
  readonly id: string
  readonly ask: number
}

/** A poll for less than a batch waits so long for more room. */
const smallPollMs = 5
/** An answer that is empty before its time is another consumer's luck, or a server that does not wait: no reason to ask ever faster. */
const longestRestMs = 200
const mostPending = 200
const clogMs = 50
