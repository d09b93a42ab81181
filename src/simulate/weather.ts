import { Outages } from './outages.ts'
import type { Random } from './random.ts'
import { poisson } from './samplers.ts'
import type { Scenario } from './scenario.ts'
import type { Durations } from './durations.ts'
import { expectedArrivals } from './traffic.ts'

/** What an interval brings. */
export interface Weather {
  readonly fromMs: number
  readonly toMs: number
  readonly arrived: number
  readonly stable: Chances
  readonly canary: Chances
}

/** Of one version, in one interval. */
export interface Chances {
  /** That a message fails, whatever the reason. */
  readonly fails: number
  /** Of those, the part that fails on every version. */
  readonly poisonous: number
  readonly latencyMs: number
  readonly durations: Durations | undefined
}

export class Forecast {
  readonly #scenario: Scenario
  readonly #random: Random
  readonly #outages: Outages
  readonly #stable: Chances
  readonly #worse: Chances

  constructor(scenario: Scenario, random: Random) {
    const { traffic, durations } = scenario
    this.#scenario = scenario
    this.#random = random
    this.#outages = new Outages(random)
    const chancesOf = (version: 'stable' | 'canary'): Chances => {
      const { failures, latencyMs } = traffic[version]
      return { ...chances(failures, traffic.poison), latencyMs, durations: durations?.[version] }
    }
    this.#stable = chancesOf('stable')
    this.#worse = chancesOf('canary')
  }

  between(fromMs: number, toMs: number): Weather {
    const { traffic } = this.#scenario
    const arrived = poisson(expectedArrivals(traffic, fromMs, toMs), this.#random)
    const outage = traffic.kind === 'outages' ? this.#outages.at(fromMs) : 0
    const stable = during(outage, this.#stable)
    const canary = fromMs < traffic.onsetMs ? stable : during(outage, this.#worse)
    return { fromMs, toMs, arrived, stable, canary }
  }
}

function during(outage: number, before: Chances): Chances {
  if (outage === 0) return before
  const fails = either(outage, before.fails)
  return { ...before, fails, poisonous: (before.poisonous * before.fails) / fails }
}

function chances(failures: number, poison: number): Pick<Chances, 'fails' | 'poisonous'> {
  const fails = either(failures, poison)
  return { fails, poisonous: fails === 0 ? 0 : poison / fails }
}

/** The chance of one or both of two things that have nothing to do with each other. */
export function either(a: number, b: number): number {
  return a + b - a * b
}
