import type { Random } from './random.ts'

/** Times in which both versions fail, at random: one in each period. */
export class Outages {
  readonly #random: Random
  #period = -1
  #beginsMs = 0
  #endsMs = 0
  #severity = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Part of the messages that fails for it. Times never go back. */
  at(ms: number): number {
    const period = Math.floor(ms / periodMs)
    if (period !== this.#period) this.#plan(period)
    return ms >= this.#beginsMs && ms < this.#endsMs ? this.#severity : 0
  }

  #plan(period: number): void {
    const random = this.#random
    const lengthMs = longestMs * random()
    this.#period = period
    this.#beginsMs = period * periodMs + (periodMs - lengthMs) * random()
    this.#endsMs = this.#beginsMs + lengthMs
    this.#severity = mildest + (worst - mildest) * random()
  }
}

const periodMs = 600_000
const longestMs = 60_000
const [mildest, worst] = [0.05, 0.95]
