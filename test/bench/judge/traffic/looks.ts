import type { CohortLook } from '../../../../src/core/evidence/cohort-look.ts'
import { joinLooks } from '../../../../src/core/evidence/cohort-look.ts'
import type { Attempts } from '../../../../src/core/evidence/half-space.ts'
import type { Random } from './random.ts'

/** The rates of both versions in one look. */
export interface Rates {
  readonly canary: number
  readonly stable: number
}

/** Each of the look's messages goes to the canary with the probability `share`. */
export interface Arrivals {
  readonly messages: number
  readonly share: number
}

export function drawLook(random: Random, number: number, { messages, share }: Arrivals, rates: Rates): CohortLook {
  const canary = random.binomial(messages, share)
  const stable = messages - canary
  return look(
    number,
    share,
    { messages: canary, failed: random.binomial(canary, rates.canary) },
    { messages: stable, failed: random.binomial(stable, rates.stable) },
  )
}

/** Part of the look's messages, the same part of both versions, meets a burst in which half of all fail. */
export function drawBurst(random: Random, number: number, arrivals: Arrivals): CohortLook {
  const part = random.uniform()
  const calm = drawLook(
    random,
    number,
    { ...arrivals, messages: arrivals.messages - Math.round(part * arrivals.messages) },
    even(0.01),
  )
  const burst = drawLook(random, number, { ...arrivals, messages: Math.round(part * arrivals.messages) }, even(0.5))
  return { ...joinLooks(calm, burst), elapsedMs: 1_000 }
}

export function even(rate: number): Rates {
  return { canary: rate, stable: rate }
}

export function look(number: number, target: number, canary: Attempts, stable: Attempts): CohortLook {
  return {
    first: number,
    last: number,
    opened: number,
    target,
    elapsedMs: 1_000,
    canary,
    stable,
    durations: undefined,
    dispersion: undefined,
  }
}

/** Joins looks that have too few messages, by the rule of `closeCohorts` for cohorts that settle at once. */
export class Joiner {
  #gathered: CohortLook | undefined

  /** The look that is whole now, if any. */
  take(next: CohortLook): CohortLook | undefined {
    const isCut = this.#gathered !== undefined && this.#gathered.target !== next.target
    const joined = this.#gathered === undefined || isCut ? next : joinLooks(this.#gathered, next)
    const isWhole = joined.canary.messages >= 1 && joined.stable.messages >= 5
    this.#gathered = isWhole ? undefined : joined
    return isWhole ? joined : undefined
  }
}
