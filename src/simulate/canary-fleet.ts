import type { Allocations } from '../core/allocation/lane.ts'
import { livenessMs } from '../core/liveness.ts'
import { lookup } from '../core/lookup.ts'
import type { ConsumerFacts, DeadConsumer } from '../core/rollout/observation.ts'
import { CanaryProcess } from './canary-process.ts'
import type { InFlight, Taken } from './canary-process.ts'
import type { Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import type { Batch } from './version-ledger.ts'
import type { Weather } from './weather.ts'

interface Corpse {
  readonly told: ConsumerFacts
  readonly lost: readonly Batch[]
  readonly diedMs: number
}

/** The canary's processes, of which one lives at a time and may die without a word. */
export class CanaryFleet {
  readonly #capacity: number
  readonly #deathsPerMs: number
  readonly #random: Random
  readonly #found: DeadConsumer[] = []
  #living: CanaryProcess | undefined
  /** Dead, and nobody knows. */
  #corpse: Corpse | undefined
  #restartsMs = 0
  #isDying = false

  constructor({ capacity, traffic }: Scenario, random: Random) {
    this.#capacity = capacity
    this.#deathsPerMs = traffic.deathsPerHour / 3_600_000
    this.#random = random
    this.#living = new CanaryProcess('canary-1', capacity)
  }

  /** Who is taken to live, as last reported. */
  get consumers(): readonly ConsumerFacts[] {
    const told = this.#living?.told ?? this.#corpse?.told
    return told === undefined ? [] : [told]
  }

  get dead(): readonly DeadConsumer[] {
    return this.#found
  }

  /** Since the last interval; to be buried with what it held. */
  get isDying(): boolean {
    return this.#isDying
  }

  report(inFlight: number): void {
    this.#living?.report(inFlight)
  }

  /** What is taken in the interval, of what is offered. */
  take(allocations: Allocations, weather: Weather, inFlight: InFlight): Taken {
    const living = this.#living
    if (living === undefined) return nothing
    const forMs = weather.toMs - weather.fromMs
    this.#isDying = this.#deathsPerMs > 0 && this.#random() < -Math.expm1(-this.#deathsPerMs * forMs)
    const taken = living.take(allocations, weather, inFlight, this.#random)
    return this.#isDying ? withLoss(taken, weather.canary.latencyMs / forMs) : taken
  }

  /** Messages that it took have failed. */
  fail(messages: number): void {
    if (this.#living !== undefined) this.#living.harmed += messages
  }

  bury(lost: readonly Batch[], diedMs: number): void {
    this.#isDying = false
    if (this.#living === undefined) return
    this.#living.report(lost.reduce((sum, { messages }) => sum + messages, 0))
    this.#corpse = { told: this.#living.told, lost, diedMs }
    this.#living = undefined
  }

  /** Lets others find out, and another process begin. */
  passTo(ms: number, { consumers }: Allocations): void {
    if (this.#living !== undefined) return
    if (this.#corpse === undefined) {
      if (ms >= this.#restartsMs) this.#living = new CanaryProcess(`canary-${this.#found.length + 1}`, this.#capacity)
      return
    }
    const { told, lost, diedMs } = this.#corpse
    if (ms - diedMs < livenessMs) return
    const failures = lookup(consumers, told.id)?.failures ?? told.harmed
    this.#found.push({ ...told, ready: false, failures })
    for (const { cohort, messages } of lost) if (cohort !== undefined) cohort.failed += messages
    this.#restartsMs = diedMs + restartMs
    this.#corpse = undefined
  }
}

const nothing: Taken = { messages: 0, failed: 0, lost: 0 }

const restartMs = 10_000

/** What was running when it died, of what it took; the part of the interval that a handler takes, and one at least. Others have ended before. */
function withLoss({ messages, failed }: Taken, part: number): Taken {
  const lost = Math.min(messages, Math.max(1, Math.round(messages * part)))
  return { messages, lost, failed: Math.min(failed, messages - lost) }
}
