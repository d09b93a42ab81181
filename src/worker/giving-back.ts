import type { Clock } from '../contracts/clock.ts'
import { RecentIds } from './recent-ids.ts'
import { mayReturn } from './settle.ts'
import type { Settler } from './settler.ts'
import type { Work } from './work.ts'

/**
 * After returning a failed message: long enough for the stable version to get it first. Doubled with each time that the message came back
 * here all the same: brokers count returns, and drop what was returned too often.
 */
const standAsideMs = 250
const mostDoublings = 8
const rememberedFailures = 1_000

/**
 * Messages that a canary gives back, so that somebody else gets them: they wait until its subscription takes nothing, because where permits are left
 * they would come straight back.
 */
export class GivingBack {
  readonly #clock: Clock
  readonly #settler: Settler
  readonly #failedHere = new RecentIds(rememberedFailures)
  #toReturn: Work[] = []
  /** Returned so often that the broker may soon drop them: returned once more, when this canary takes nothing any more. */
  #held: Work[] = []
  #asideUntil = -Infinity

  constructor(clock: Clock, settler: Settler) {
    this.#clock = clock
    this.#settler = settler
  }

  get waiting(): number {
    return this.#toReturn.length + this.#held.length
  }

  /** Until then the canary is to ask for nothing: the next one to ask must be another. */
  get asideMs(): number {
    return Math.max(0, this.#asideUntil - this.#clock.now())
  }

  /** Whether it was given back here, and has come again. */
  knows({ delivery }: Work): boolean {
    return this.#failedHere.has(delivery.message.id)
  }

  /** The canary has failed it, or cannot read it. `isLast`: nothing is taken here any more. */
  failed(work: Work, isLast: boolean): void {
    const { id, deliveryCount } = work.delivery.message
    this.#failedHere.add(id)
    if (isLast) this.#settler.requeue(work)
    else if (mayReturn(work.delivery)) {
      const asideMs = standAsideMs * 2 ** Math.min(deliveryCount, mostDoublings)
      this.#asideUntil = Math.max(this.#asideUntil, this.#clock.now() + asideMs)
      this.#toReturn.push(work)
    } else this.#held.push(work)
  }

  /** It must not begin here. */
  unmet(work: Work): void {
    this.#toReturn.push(work)
  }

  /** What is held and comes again would wait for itself. */
  letGoOfLost(): void {
    if (this.#held.length === 0) return
    const lost = this.#held.filter(({ isVoid }) => isVoid)
    this.#held = this.#held.filter(({ isVoid }) => !isVoid)
    for (const work of lost) this.#settler.requeue(work)
  }

  /** To be called while nothing is taken. `all`: and nothing will be. */
  flush({ all }: { readonly all: boolean }): void {
    const held = all ? this.#held.splice(0) : []
    for (const work of [...this.#toReturn.splice(0), ...held]) this.#settler.requeue(work)
  }
}
