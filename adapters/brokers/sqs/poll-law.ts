import type { PermitLedger } from '../shared/permit-ledger.ts'

/** SQS gives ten messages a call. */
const mostAsked = 10
/** With answers after 20 ms, as AWS gives them, these bring 5,000 messages a second; where answers are quick, fewer are under way at a time anyway. */
const mostStreamingPolls = 10
/** Polls at a time. */
export const mostPolls = 20
/** Unused permits that call for one more poll. */
const permitsAPoll = 3

/**
 * The arithmetic of polls. A poll brings as many messages as it asks for at most, and cannot be taken back: so what all polls under way ask for counts
 * like messages that have come. Taken and asked for together never exceed the permits, unsettled and asked for together never the places.
 */
export class PollLaw {
  readonly #ledger: PermitLedger
  readonly #maxUnsettled: number
  #unsettled = 0
  #asked = 0
  #polls = 0
  /** Polls at a time that the traffic has called for: one while messages come one by one, more while they come in batches. */
  #wanted = 1
  /** The last poll brought all that it asked for. */
  #isDeep = false

  constructor(ledger: PermitLedger, maxUnsettled: number) {
    this.#ledger = ledger
    this.#maxUnsettled = maxUnsettled
  }

  get polls(): number {
    return this.#polls
  }

  /** Messages that could be asked for now. */
  get room(): number {
    return Math.max(0, Math.min(this.#maxUnsettled - this.#unsettled, this.#ledger.left) - this.#asked)
  }

  /** What the next poll asks for; 0: none now. `mayBeSmall`: nothing more is to be expected soon, and a small poll is better than none. */
  next(mayBeSmall: boolean): number {
    return this.#streams ? this.#nextOfStream(mayBeSmall) : this.#nextOfPermits()
  }

  begin(asked: number): void {
    this.#asked += asked
    this.#polls++
  }

  /** The poll is over and brought so many. */
  end(asked: number, got: number): void {
    this.#asked -= asked
    this.#polls--
    this.#unsettled += got
    this.#ledger.taken += got
    this.#isDeep = got === asked
    if (got >= asked / 2) this.#wanted = Math.min(this.#wanted + 1, mostStreamingPolls)
    else if (got < asked / 4) this.#wanted = Math.max(1, this.#wanted - 1)
  }

  settled(): void {
    this.#unsettled--
  }

  /** One that had left its place takes one again; false where there is none. Polls under way may bring as many more as they have asked for. */
  resume(): boolean {
    if (this.#unsettled >= this.#maxUnsettled) return false
    this.#unsettled++
    return true
  }

  get #streams(): boolean {
    return this.#ledger.left === Number.POSITIVE_INFINITY
  }

  /** A call costs the same for ten messages as for one: whole batches, or whatever there is room for where no other poll is under way. */
  #nextOfStream(mayBeSmall: boolean): number {
    if (this.#polls >= this.#wanted) return 0
    const whole = Math.min(mostAsked, this.#maxUnsettled)
    if (this.room >= whole) return whole
    return this.#polls === 0 && mayBeSmall ? this.room : 0
  }

  /**
   * Messages that come one by one go to one of the polls that wait for them: the more permits lie unused, the more polls wait. On a backlog each
   * asks for as many as it can get.
   */
  #nextOfPermits(): number {
    const { room } = this
    const total = room + this.#asked
    const wanted = Math.min(mostPolls, total, Math.ceil(this.#ledger.left / permitsAPoll))
    if (room === 0 || this.#polls >= wanted) return 0
    return Math.min(mostAsked, room, this.#isDeep ? mostAsked : Math.ceil(total / wanted))
  }
}
