import type { SendMessageCommandInput } from '@aws-sdk/client-sqs'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Logger } from '../../../src/contracts/logger.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import type { QueueAddress } from './address.ts'
import type { EntryFailure, SqsApi, VisibilityChange } from './api.ts'
import { Batcher } from './batcher.ts'
import type { EntryOutcome } from './batcher.ts'
import { entryError, isStaleReceipt } from './failures.ts'
import type { Attempt } from './failures.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Lease } from './lease.ts'
import { SettlementTrouble } from './settlement-trouble.ts'
import { Backoff, waits, withDeadline } from './timing.ts'

export interface DeskSettings {
  readonly api: SqsApi
  /** The queue that the messages came from. */
  readonly queue: QueueAddress
  readonly visibilityS: number
  readonly clock: Clock
  readonly log: Logger | undefined
  /** Why messages cannot be settled; undefined when that is over. */
  readonly onTrouble: (reason: string | undefined) => void
}

interface Return {
  readonly lease: Lease
  readonly seconds: number
}

/** Where every message that a subscription has taken ends: deleted, returned, or lost. Until then it keeps them from others. */
export class Desk {
  readonly #settings: DeskSettings
  readonly #heartbeat: Heartbeat
  readonly #deletes: Batcher<Lease>
  readonly #returns: Batcher<Return>
  /** Delivered and not settled, oldest first. */
  readonly #open = new Set<Lease>()
  /** Settlements that wait for something: for a copy to arrive in a dead-letter queue, for an extension to end. */
  readonly #waiting = new Set<Promise<void>>()
  readonly #trouble: SettlementTrouble
  readonly #closing = new AbortController()
  #duplicates = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(settings: DeskSettings) {
    const { api, queue, clock, visibilityS, log, onTrouble } = settings
    this.#settings = settings
    this.#trouble = new SettlementTrouble({ queue: queue.name, clock, log, onTrouble })
    this.#heartbeat = new Heartbeat({
      clock,
      visibilityS,
      setVisibility: (changes) => this.#setVisibility(changes),
      onLost: (lease) => this.#lost(lease),
    })
    this.#deletes = new Batcher<Lease>({
      clock,
      lingerMs: waits.deleteLinger,
      send: (leases) =>
        this.#carryOut(leases, () => {
          const receipts = leases.map(({ receipt }) => receipt)
          return this.#watched('DeleteMessage', api.delete(queue, receipts))
        }),
      onEnd: (lease, outcome) => this.#deleted(lease, outcome),
    })
    this.#returns = new Batcher<Return>({
      clock,
      lingerMs: 0,
      send: (returns) => {
        const changes = returns.map(({ lease: { receipt }, seconds }) => ({ receipt, seconds }))
        return this.#carryOut(
          returns.map(({ lease }) => lease),
          () => this.#setVisibility(changes),
        )
      },
      onEnd: () => undefined,
    })
  }

  /** Settlements that SQS has not confirmed. */
  get pending(): number {
    return this.#deletes.pending + this.#returns.pending + this.#waiting.size
  }

  accept(lease: Lease): void {
    this.#open.add(lease)
    this.#heartbeat.keep(lease)
  }

  /** It was taken out, and kept; to be called while its lease lasts. */
  reopen(lease: Lease): void {
    this.#open.add(lease)
  }

  isOpen(lease: Lease): boolean {
    return this.#open.has(lease) && !lease.isOver(this.#settings.clock.now())
  }

  /** Takes it out of what is open; false where it is not, or has ended. One of the methods below follows. */
  take(lease: Lease): boolean {
    const isOpen = this.isOpen(lease)
    this.#open.delete(lease)
    lease.free()
    if (!isOpen) this.#heartbeat.release(lease)
    return isOpen
  }

  /** It is kept from others until SQS has confirmed: a delete that fails is tried again. */
  delete(lease: Lease): void {
    this.#deletes.add(lease)
  }

  /** Ends the extensions first: a late one would hide the message again. */
  return(lease: Lease, seconds: number): void {
    this.#heartbeat.release(lease)
    const { extending } = lease
    if (extending === undefined) this.#returns.add({ lease, seconds })
    else this.#await(extending.then(() => this.#returns.add({ lease, seconds })))
  }

  /** Sends a copy, then deletes; returns the message after `elseSeconds` where the copy is refused. */
  move(lease: Lease, { to, copy, elseSeconds }: Move): void {
    this.#await(this.#move(lease, { to, copy, elseSeconds }))
  }

  /** The queue is gone, and its messages with it: what is open, and what is parked. */
  abandon(parked: readonly Lease[]): void {
    for (const lease of [...this.#open, ...parked]) this.#lost(lease)
  }

  /** Returns what is open, and waits a while for everything to arrive. What has not is tried on until its lease ends, or the broker is closed. */
  async close(): Promise<void> {
    // newest first: no later message of a group becomes visible alone
    for (const lease of [...this.#open].toReversed()) if (this.take(lease)) this.return(lease, 0)
    this.#closing.abort()
    for (const batcher of [this.#deletes, this.#returns]) batcher.hurry()
    await withDeadline(this.#idle(), waits.farewell, this.#settings.clock).catch(() => undefined)
    this.#heartbeat.close()
  }

  async #idle(): Promise<void> {
    while (this.pending > 0) {
      await Promise.all(this.#waiting)
      await Promise.all([this.#deletes.idle(), this.#returns.idle()])
    }
  }

  #await(settlement: Promise<void>): void {
    const waiting = settlement.finally(() => this.#waiting.delete(waiting))
    this.#waiting.add(waiting)
  }

  /** What failed is worth another try for as long as nobody else gets the message. */
  async #carryOut(
    leases: readonly Lease[],
    call: () => Promise<readonly EntryFailure[]>,
  ): Promise<readonly EntryOutcome[]> {
    try {
      const failures = await call()
      return leases.map((lease, index) => this.#outcome(lease, failures[index]))
    } catch (error) {
      const { isClosed } = this.#settings.api
      if (isClosed) this.#tellClosed(leases.length)
      const isOver = isClosed || isQueueCanaryError(error, 'QUEUE_MISSING')
      return leases.map((lease) => (isOver || this.#hasEnded(lease) ? 'gone' : 'again'))
    }
  }

  #setVisibility(changes: readonly VisibilityChange[]): Promise<readonly EntryFailure[]> {
    const { api, queue } = this.#settings
    return this.#watched('ChangeMessageVisibility', api.setVisibility(queue, changes))
  }

  /** A call as it ends. Of a queue that is gone the link tells. */
  async #watched(action: string, call: Promise<readonly EntryFailure[]>): Promise<readonly EntryFailure[]> {
    const attempt = { queue: this.#settings.queue.name, action }
    try {
      const failures = await call
      const failure = failures.find((name) => name !== undefined && !isStaleReceipt(name))
      if (failure === undefined || failures.includes(undefined)) this.#trouble.worked(attempt)
      else this.#trouble.failed(attempt, entryError(failure, attempt))
      return failures
    } catch (error) {
      if (!isQueueCanaryError(error, 'QUEUE_MISSING')) this.#failed(attempt, error)
      throw error
    }
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (isQueueCanaryError(error) && !this.#settings.api.isClosed) this.#trouble.failed(attempt, error)
  }

  #tellClosed(messages: number): void {
    const { log, queue } = this.#settings
    log?.warn(
      { queue: queue.name, messages },
      'closed before SQS had confirmed what became of these messages: they may come again when their visibility timeout is over',
    )
  }

  #outcome(lease: Lease, failure: EntryFailure): EntryOutcome {
    if (failure === undefined) return 'done'
    return isStaleReceipt(failure) || this.#hasEnded(lease) ? 'gone' : 'again'
  }

  #hasEnded(lease: Lease): boolean {
    return lease.isOver(this.#settings.clock.now())
  }

  #deleted(lease: Lease, outcome: 'done' | 'gone'): void {
    this.#heartbeat.release(lease)
    const { api, clock, log, queue } = this.#settings
    // Of what a closed broker leaves has been told.
    if (outcome === 'done' || api.isClosed) return
    this.#duplicates++
    if (clock.now() - this.#toldAt < tellEveryMs) return
    this.#toldAt = clock.now()
    log?.warn(
      { queue: queue.name, messages: this.#duplicates },
      'messages that were handled could not be deleted in time: they may come again',
    )
  }

  async #move(lease: Lease, { to, copy, elseSeconds }: Move): Promise<void> {
    const { api, clock } = this.#settings
    const backoff = new Backoff({ longest: 5_000 })
    const attempt = { queue: to.name, action: 'SendMessage' }
    while (!this.#hasEnded(lease)) {
      try {
        await api.send(to, copy)
        this.#trouble.worked(attempt)
        this.delete(lease)
        return
      } catch (error) {
        this.#failed(attempt, error)
        const isRefused = !api.isClosed && isQueueCanaryError(error) && !error.retryable
        if (isRefused || this.#closing.signal.aborted) break
      }
      await clock.sleep(backoff.next(0), this.#closing.signal)
    }
    this.return(lease, elseSeconds)
  }

  #lost(lease: Lease): void {
    lease.end()
    this.#heartbeat.release(lease)
    this.#open.delete(lease)
    lease.free()
  }
}

export interface Move {
  readonly to: QueueAddress
  readonly copy: Omit<SendMessageCommandInput, 'QueueUrl'>
  readonly elseSeconds: number
}

const tellEveryMs = 10_000
