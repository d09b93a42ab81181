import type { Allocations } from '../core/allocation/lane.ts'
import { addWindows, noDurations } from '../core/evidence/duration-window.ts'
import type { DurationWindow } from '../core/evidence/duration-window.ts'
import type { Observation } from '../core/rollout/observation.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { CanaryFleet } from './canary-fleet.ts'
import { CohortLedger } from './cohort-ledger.ts'
import type { CohortSide } from './cohort-ledger.ts'
import { HandBack } from './hand-back.ts'
import type { Random } from './random.ts'
import { binomial, poisson } from './samplers.ts'
import type { Scenario } from './scenario.ts'
import { Told } from './told.ts'
import { VersionLedger } from './version-ledger.ts'
import type { Batch } from './version-ledger.ts'
import { either, Forecast } from './weather.ts'
import type { Chances, Weather } from './weather.ts'

/**
 * A queue, its stable version and a canary, in intervals between two looks of a coordinator: what arrives, who takes it, how it ends, and what
 * reports tell of it a look later. The canary is served first and takes what it may; the stable version takes what it is left.
 */
export class World {
  readonly stable = new VersionLedger()
  readonly canary = new VersionLedger()
  /** Messages that were taken from the queue since the rollout began. */
  taken = 0
  readonly #scenario: Scenario
  readonly #random: Random
  readonly #forecast: Forecast
  readonly #fleet: CanaryFleet
  readonly #handBack: HandBack
  readonly #cohorts: CohortLedger
  readonly #told: Told
  /** Of the whole rollout, where the policy bounds them. */
  #canaryDurations: DurationWindow | undefined
  #nowMs = 0
  #drains = { stable: false, canary: false }

  constructor(scenario: Scenario, random: Random) {
    const { traffic, durations } = scenario
    this.#scenario = scenario
    this.#random = random
    this.#forecast = new Forecast(scenario, random)
    this.#fleet = new CanaryFleet(scenario, random)
    this.#handBack = new HandBack(this.stable, random)
    this.#canaryDurations = scenario.boundsDurations ? noDurations : undefined
    this.#cohorts = new CohortLedger(scenario.comparesDurations)
    const { counts } = this.stable
    counts.taken = poisson((traffic.ratePerSecond * traffic.historyMs) / 1_000, random)
    counts.failed = binomial(counts.taken, either(traffic.stable.failures, traffic.poison), random)
    counts.succeeded = counts.taken - counts.failed
    const known = durations?.stable.expected(Math.min(counts.succeeded, mostHistory)) ?? {}
    this.#told = new Told(scenario, this.#cohorts.told, known)
    this.#report()
  }

  /** What the coordinator sees. Changed by what passes. */
  get seen(): Observation {
    return this.#told.seen
  }

  /** Lets so many milliseconds pass under what the document allows. What they bring is seen a look after they are over. */
  pass({ allocations, rollout }: QueueState, forMs: number): void {
    this.#report()
    this.#fleet.passTo(this.#nowMs, allocations)
    const cohort = this.#cohorts.turnTo(rollout?.comparison?.clock)
    const weather = this.#forecast.between(this.#nowMs, this.#nowMs + forMs)
    const byCanary = this.#beginCanary(allocations, weather, cohort?.canary)
    const byStable = this.#beginStable(this.#left(allocations, weather, byCanary), weather, cohort?.stable)
    this.taken += byCanary + byStable
    this.#end(weather)
    this.#drains = { stable: allocations.stable.kind !== 'stream', canary: allocations.canary.kind === 'drain' }
    this.#nowMs = weather.toMs
  }

  #report(): void {
    this.#fleet.report(this.canary.inFlight)
    this.#cohorts.report()
    this.#told.external()
    this.#told.stable(this.stable, this.#drains.stable)
    this.#told.canary(this.canary, this.#fleet, { drains: this.#drains.canary, durations: this.#canaryDurations })
  }

  #beginCanary(allocations: Allocations, weather: Weather, cohort: CohortSide | undefined): number {
    const offered = this.#isBacklog && allocations.canary.kind === 'throttled' ? Infinity : weather.arrived
    const { messages, failed, lost } = this.#fleet.take(allocations, weather, {
      offered,
      inFlight: this.canary.inFlight,
      stillRunning: this.canary.runningAt(weather.toMs),
    })
    const chances = weather.canary
    this.canary.begin({ messages: messages - lost, failed, endsMs: endOf(weather, chances), chances, cohort })
    if (lost > 0) this.canary.begin({ messages: lost, failed: 0, endsMs: Infinity, chances, cohort })
    return messages
  }

  #left({ stable, canary }: Allocations, { arrived }: Weather, byCanary: number): number {
    if (stable.kind !== 'stream' || canary.kind === 'stream') return 0
    return this.#isBacklog ? arrived : arrived - byCanary
  }

  #beginStable(messages: number, weather: Weather, cohort: CohortSide | undefined): number {
    const chances = weather.stable
    const failed = binomial(messages, chances.fails, this.#random)
    this.stable.begin({ messages, failed, endsMs: endOf(weather, chances), chances, cohort })
    return messages
  }

  #end({ toMs, stable }: Weather): void {
    for (const batch of this.stable.endUntil(toMs)) this.#time(batch)
    for (const batch of this.canary.endUntil(toMs)) {
      this.#canaryDurations = this.#time(batch, this.#canaryDurations)
      this.#handBackFailed(batch, toMs + stable.latencyMs)
    }
    this.#handBack.tryUntil(toMs, stable.fails)
    if (this.#fleet.isDying) this.#fleet.bury(this.canary.loseAll(), toMs)
  }

  #handBackFailed({ failed, chances }: Batch, triedMs: number): void {
    if (failed === 0) return
    this.canary.counts.handedBack += failed
    this.#fleet.fail(failed)
    this.#handBack.add({ messages: failed, poisoned: binomial(failed, chances.poisonous, this.#random), triedMs })
  }

  /** Tells the cohort how long the batch took, and returns the total with it; where they are measured. */
  #time({ messages, failed, chances, cohort }: Batch, total?: DurationWindow): DurationWindow | undefined {
    const told = cohort?.told
    if (told?.durations === undefined && total === undefined) return undefined
    const drawn = chances.durations?.draw(messages - failed, this.#random) ?? noDurations
    if (told?.durations !== undefined) told.durations = addWindows(told.durations, drawn)
    return total && addWindows(total, drawn)
  }

  get #isBacklog(): boolean {
    return this.#scenario.traffic.kind === 'backlog'
  }
}

/** Messages begin in the middle of the interval, on average; one that ends in it is reported with it. */
function endOf({ fromMs, toMs }: Weather, { latencyMs }: Chances): number {
  return Math.max(toMs, (fromMs + toMs) / 2 + latencyMs)
}

const mostHistory = 20_000
