import { noCounts } from '../core/evidence/counts.ts'
import type { DurationWindow } from '../core/evidence/duration-window.ts'
import type { ExternalReading } from '../core/evidence/external.ts'
import type { Histogram } from '../core/evidence/histogram.ts'
import type { ExternalMetric } from '../core/policy/policy.ts'
import type { CohortFacts } from '../core/rollout/cohort-clock.ts'
import type { Observation, VersionFacts } from '../core/rollout/observation.ts'
import type { CanaryFleet } from './canary-fleet.ts'
import { histogramOf } from './durations.ts'
import type { Scenario } from './scenario.ts'
import type { VersionLedger } from './version-ledger.ts'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What a coordinator reads, as of the last reports: one record that is changed in place, because there are millions of looks. */
export class Told {
  readonly #stable: Writable<VersionFacts>
  readonly #canary: Writable<VersionFacts>
  readonly #workers: number
  readonly #external: readonly ExternalMetric[]
  #readings = 0
  readonly seen: Writable<Observation>

  /** `durations` of the stable version before the rollout. */
  constructor(scenario: Scenario, cohorts: Readonly<Record<number, CohortFacts>>, durations: Histogram) {
    const { traffic, capacity, policy, handlerTimeoutMs } = scenario
    const behindMs = traffic.kind === 'backlog' ? backlogMs : 0
    this.#workers = policy.promotion.workers
    this.#external = policy.analysis.metrics.filter((metric) => metric.kind === 'external')
    this.#stable = { ...nobody, live: 1, ready: 1, undrained: 1, capacity, durations }
    this.#canary = { ...nobody, capacity }
    this.seen = {
      stable: this.#stable,
      canary: this.#canary,
      handBackBacklog: 0,
      backlog: Math.round((traffic.ratePerSecond * behindMs) / 1_000),
      oldestAgeMs: behindMs,
      handsBack: true,
      cohorts,
      handlerTimeoutMs,
      external: {},
      freeze: undefined,
      peers: {},
    }
  }

  /** Nobody knows what is measured elsewhere: it is always within its bounds. */
  external(): void {
    if (this.#external.length === 0) return
    this.#readings++
    this.seen.external = Object.fromEntries(
      this.#external.map(({ name, threshold: { min, max } }): readonly [string, ExternalReading] => [
        name,
        { id: `${this.#readings}`, result: { kind: 'value', value: max ?? min ?? 0 }, ageMs: 0 },
      ]),
    )
  }

  stable({ counts, inFlight }: VersionLedger, drains: boolean): void {
    const facts = this.#stable
    facts.inFlight = inFlight
    facts.undrained = drains && inFlight === 0 ? 0 : 1
    facts.holding = facts.undrained
    // A record of its own each time: totals are remembered.
    facts.counts = { ...counts }
  }

  /** `durations` of the whole rollout, where the policy bounds them. */
  canary(
    { counts, inFlight }: VersionLedger,
    { consumers, dead }: CanaryFleet,
    { drains, durations }: { readonly drains: boolean; readonly durations: DurationWindow | undefined },
  ): void {
    const facts = this.#canary
    facts.live = consumers.length === 0 ? 0 : this.#workers
    facts.ready = facts.live
    facts.inFlight = inFlight
    facts.undrained = drains && inFlight === 0 ? 0 : facts.live
    facts.counts = { ...counts }
    facts.consumers = consumers
    facts.dead = dead
    if (durations !== undefined) facts.durations = histogramOf(durations)
  }
}

const backlogMs = 600_000

const nobody: VersionFacts = {
  live: 0,
  ready: 0,
  undrained: 0,
  holding: 0,
  unaware: 0,
  inFlight: 0,
  capacity: 0,
  signedOff: 0,
  counts: noCounts,
  durations: {},
  errors: {},
  dead: [],
  eventLoopDelayMs: 0,
  consumers: [],
}
