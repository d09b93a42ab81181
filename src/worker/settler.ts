import type { HandBackNote } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import { backoffMs } from './backoff.ts'
import { describeTrouble } from './describe-trouble.ts'
import type { GroupOrder } from './group-order.ts'
import type { InFlight } from './in-flight.ts'
import type { Action } from './settle.ts'
import type { Tally } from './tally.ts'
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

/** How long a hand-back is tried before the message goes back to the queue itself. */
const handBackPatienceMs = 30_000
const handBackBackoff = { baseMs: 200, maxMs: 5_000 }

/** Carries out what was decided for a message, and counts it. Settling has no signal: nothing that stops a handler stops it. */
export class Settler {
  readonly #options: SettlerOptions
  #hurry = new AbortController()

  constructor(options: SettlerOptions) {
    this.#options = options
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
        if (hasFailed(work)) this.#giveBack(work)
        else this.requeue(work)
    }
  }

  /** Sends a dead letter of the hand-back queue on. It was counted when it was given up; here it only passes by. */
  passOn(work: Work): void {
    if (work.delivery.deadLetter()) this.#settled(work)
    else this.#stale(work)
  }

  requeue(work: Work): void {
    this.#returnGroup(work)
    this.#options.inFlight.settled(work)
    this.#count(work, work.delivery.requeue(), work.role === 'canary' && hasFailed(work) ? 'handedBack' : 'returned')
  }

  /** A void delivery that nothing is done with any more. */
  drop(work: Work): void {
    this.#returnGroup(work)
    work.source.settled(work.linkNumber)
  }

  /** Tries no hand-back again that fails from now on: what is left goes back to the queue. */
  hurry(): void {
    this.#hurry.abort()
  }

  async #handBack(work: Work): Promise<void> {
    const { inFlight, clock, random, log } = this.#options
    inFlight.settle(work)
    const until = clock.now() + handBackPatienceMs
    for (let attempt = 1; ; attempt++) {
      try {
        const done = await work.delivery.handBack(this.#note(work))
        this.#returnGroup(work)
        inFlight.settled(work)
        this.#count(work, done, hasFailed(work) ? 'handedBack' : 'returned')
        return
      } catch (error) {
        log.warn({ error: describeTrouble(error), attempt }, 'a message could not be handed back')
      }
      if (!this.#hurry.signal.aborted)
        await clock.sleep(backoffMs(handBackBackoff, attempt, random), this.#hurry.signal)
      if (work.isVoid || this.#hurry.signal.aborted || clock.now() >= until) break
    }
    if (hasFailed(work)) this.#giveBack(work)
    else this.requeue(work)
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
    const reason = work.outcome === 'failed' || work.outcome === 'timedOut' ? work.outcome : 'returned'
    return { version: this.#options.version, reason, deliveryCount: work.delivery.message.deliveryCount }
  }

  #count(work: Work, done: boolean, name: 'deadLettered' | 'handedBack' | 'returned'): void {
    if (!done) {
      this.#stale(work)
      return
    }
    this.#options.tally.add(name)
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

function hasFailed({ outcome }: Work): boolean {
  return outcome === 'failed' || outcome === 'timedOut'
}
