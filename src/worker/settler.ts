import type { HandBackNote, RetryNote } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import { isQueueCanaryError } from '../errors.ts'
import { backoffMs } from './backoff.ts'
import type { GroupOrder } from './group-order.ts'
import type { InFlight } from './in-flight.ts'
import type { Action } from './settle.ts'
import type { Tally } from './tally.ts'
import { TroubleLog } from './trouble-log.ts'
import type { Work } from './work.ts'

export interface SettlerOptions {
  readonly version: string
  readonly tally: Tally
  readonly inFlight: InFlight
  readonly groups: GroupOrder
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Returns a message that the canary failed so that somebody else gets it; calls `settler.requeue` when the time has come. */
  readonly giveBack: (work: Work) => void
  /** The message before it in its group is settled: it may begin. */
  readonly onTurn: (work: Work) => void
}

/** How long the broker is asked to take a message over before that goes another way. */
const patienceMs = 30_000
const handOverBackoff = { baseMs: 200, maxMs: 5_000 }

/** Carries out what was decided for a message, and counts it. Settling has no signal: nothing that stops a handler stops it. */
export class Settler {
  readonly #options: SettlerOptions
  readonly #handBackTrouble: TroubleLog
  readonly #retryTrouble: TroubleLog
  #hurry = new AbortController()

  constructor(options: SettlerOptions) {
    this.#options = options
    this.#handBackTrouble = new TroubleLog(options.log, 'a message could not be handed back')
    this.#retryTrouble = new TroubleLog(
      options.log,
      'the broker keeps no message for its retry: it waits in this worker, or goes back',
    )
  }

  perform(work: Work, action: Exclude<Action, 'retry'>): void {
    switch (action) {
      case 'ack':
        if (work.delivery.ack()) this.#settled(work)
        else this.#stale(work)
        return
      case 'deadLetter':
        this.#count(work, work.delivery.deadLetter(), 'deadLettered')
        return
      case 'handBack':
        void this.#handBack(work)
        return
      case 'return':
        if (isForOthers(work)) this.#giveBack(work)
        else this.requeue(work)
    }
  }

  /** Sends a dead letter of the hand-back queue on. It was counted when it was given up; here it only passes by. */
  passOn(work: Work): void {
    if (work.delivery.deadLetter()) this.#settled(work)
    else this.#stale(work)
  }

  /**
   * To any consumer, with what is known of it: that takes a moment, and is tried once. Not where there is none, nor where others of its group would
   * overtake it.
   */
  requeue(work: Work): void {
    const { note } = work
    work.note = undefined
    const isHurried = this.#hurry.signal.aborted
    const isPlain = note === undefined || isHurried || work.isVoid || work.delivery.message.group !== undefined
    if (isPlain) this.#requeuePlainly(work)
    else void this.#requeueWith(note, work)
  }

  async #requeueWith(note: RetryNote, work: Work): Promise<void> {
    const done = await this.#handOver(work, () => work.delivery.retryLater(note), this.#retryTrouble, 1)
    if (done === undefined) return this.#requeuePlainly(work)
    this.#options.inFlight.settled(work)
    this.#count(work, done, 'returned')
  }

  #requeuePlainly(work: Work): void {
    this.#returnGroup(work)
    this.#options.inFlight.settled(work)
    this.#count(work, work.delivery.requeue(), work.role === 'canary' && hasFailed(work) ? undefined : 'returned')
  }

  /** A delivery that is void, or settled elsewhere: nothing is done with it any more, and its message comes again. */
  drop(work: Work): void {
    this.#returnGroup(work)
    work.source.settled(work.linkNumber)
  }

  /** Tries no hand-back again that fails from now on: what is left goes back to the queue. */
  hurry(): void {
    this.#hurry.abort()
  }

  /** Calls `otherwise` when the broker did not take the message: it is still unsettled, and here. */
  async retryLater(work: Work, note: RetryNote, otherwise: () => void): Promise<void> {
    const done = await this.#handOver(work, () => work.delivery.retryLater(note), this.#retryTrouble)
    if (done === undefined) otherwise()
    else if (done && !note.dead) this.drop(work)
    else this.#count(work, done, 'deadLettered')
    this.#options.inFlight.settled(work)
  }

  async #handBack(work: Work): Promise<void> {
    const done = await this.#handOver(work, () => work.delivery.handBack(this.#note(work)), this.#handBackTrouble)
    if (done !== undefined) {
      this.#returnGroup(work)
      this.#options.inFlight.settled(work)
      this.#count(work, done, handBackCount(work))
    } else if (isForOthers(work)) this.#giveBack(work)
    else this.requeue(work)
  }

  /**
   * Whether the delivery was still there to be settled; undefined when the broker did not take the message, after some tries. The work counts
   * as being settled until the caller says otherwise: a drain must not miss it in between.
   */
  async #handOver(
    work: Work,
    act: () => Promise<boolean>,
    trouble: TroubleLog,
    tries = Infinity,
  ): Promise<boolean | undefined> {
    const { inFlight, clock, random } = this.#options
    inFlight.settle(work)
    const until = clock.now() + patienceMs
    let done: boolean | undefined
    for (let attempt = 1; done === undefined; attempt++) {
      try {
        done = await act()
        trouble.over()
      } catch (error) {
        trouble.met(error)
        if (isQueueCanaryError(error, 'BROKER_REFUSED') || attempt >= tries) break
        if (!this.#hurry.signal.aborted)
          await clock.sleep(backoffMs(handOverBackoff, attempt, random), this.#hurry.signal)
        if (work.isVoid || this.#hurry.signal.aborted || clock.now() >= until) break
      }
    }
    return done
  }

  #giveBack(work: Work): void {
    if (work.role === 'stable') {
      this.requeue(work)
      return
    }
    this.#options.inFlight.settle(work)
    this.#options.giveBack(work)
  }

  #note(work: Work): HandBackNote {
    const { outcome } = work
    const reason = outcome === 'failed' || outcome === 'timedOut' || outcome === 'unaccepted' ? outcome : 'returned'
    return { version: this.#options.version, reason, deliveryCount: work.delivery.message.deliveryCount }
  }

  #count(work: Work, done: boolean, name: 'deadLettered' | 'handedBack' | 'returned' | undefined): void {
    if (!done) {
      this.#stale(work)
      return
    }
    if (name !== undefined) this.#options.tally.add(name)
    this.#settled(work)
  }

  #settled(work: Work): void {
    work.source.settled(work.linkNumber)
    const next = this.#options.groups.advance(work)
    if (next !== undefined) this.#options.onTurn(next)
  }

  #stale(work: Work): void {
    this.#options.tally.add('stale')
    this.drop(work)
  }

  /** What came after a message in its group must come after it again. */
  #returnGroup(work: Work): void {
    for (const behind of this.#options.groups.disband(work)) this.requeue(behind)
  }
}

/** What this consumer must not take again at once. */
function isForOthers(work: Work): boolean {
  return hasFailed(work) || work.outcome === 'unaccepted'
}

function handBackCount(work: Work): 'handedBack' | 'returned' | undefined {
  if (work.outcome === 'unaccepted') return undefined
  return hasFailed(work) ? 'handedBack' : 'returned'
}

function hasFailed({ outcome }: Work): boolean {
  return outcome === 'failed' || outcome === 'timedOut'
}
