import type { Allocations, ConsumerAllocation } from '../core/allocation/lane.ts'
import { bridged } from '../core/allocation/permits.ts'
import { lookup } from '../core/lookup.ts'
import type { ConsumerFacts } from '../core/rollout/observation.ts'
import type { Random } from './random.ts'
import { binomial, positionOfHit } from './samplers.ts'
import { Slots } from './slots.ts'
import type { Weather } from './weather.ts'

/** What the canary took in an interval. */
export interface Taken {
  readonly messages: number
  /** Of those, the ones that fail; and the ones that nobody will hear of again, because it died. */
  readonly failed: number
  readonly lost: number
}

export interface InFlight {
  /** On the queue, for whoever comes first. */
  readonly offered: number
  /** In flight from before: now, and still at the end of the interval. */
  readonly inFlight: number
  readonly stillRunning: number
}

/** One process of the canary version, which obeys its allocation message by message. */
export class CanaryProcess {
  /** Messages that failed here. */
  harmed = 0
  #taken = 0
  readonly #slots = new Slots()
  readonly #told: { -readonly [Key in keyof ConsumerFacts]: ConsumerFacts[Key] }

  constructor(id: string, capacity: number) {
    this.#told = { id, ready: true, capacity, inFlight: 0, taken: 0, harmed: 0 }
  }

  /** As of its last report. */
  get told(): ConsumerFacts {
    return this.#told
  }

  report(inFlight: number): void {
    this.#told.inFlight = inFlight
    this.#told.taken = this.#taken
    this.#told.harmed = this.harmed
  }

  take(allocations: Allocations, weather: Weather, before: InFlight, random: Random): Taken {
    const { fails } = weather.canary
    if (allocations.canary.kind === 'stream') {
      this.#taken += before.offered
      return { messages: before.offered, failed: binomial(before.offered, fails, random), lost: 0 }
    }
    const allocation = lookup(allocations.consumers, this.#told.id)
    if (allocation === undefined || allocation.concurrency === 0) return { messages: 0, failed: 0, lost: 0 }
    // Failed and in flight together never exceed the allowance.
    const mayFail = Math.max(0, allocation.failures - this.harmed - before.inFlight)
    const room = mayFail === 0 ? 0 : this.#room(allocation, weather, before, mayFail)
    const messages = Math.max(0, Math.min(room, before.offered))
    const failed = binomial(messages, fails, random)
    const taken = failed <= mayFail ? { messages, failed, lost: 0 } : cutShort({ messages, failed }, mayFail, random)
    this.#taken += taken.messages
    this.#slots.begin(taken.messages)
    return taken
  }

  /** Within its permits, what bridges the time to the next grant included, and within its slots. Where handlers outlast the interval, no outcome of it makes room. */
  #room(allocation: ConsumerAllocation, weather: Weather, before: InFlight, mayFail: number): number {
    const { concurrency, delayMs, permits, bridge } = allocation
    const { latencyMs } = weather.canary
    const forMs = weather.toMs - weather.fromMs
    const started = this.#slots.refill(concurrency, Math.max(latencyMs, delayMs), forMs)
    const permitted = permits === undefined ? Infinity : permits + (bridge === undefined ? 0 : bridged(bridge, forMs))
    const bySlots = latencyMs > forMs ? Math.min(started, concurrency - before.stillRunning, mayFail) : started
    return Math.min(permitted - this.#taken, bySlots)
  }
}

/** Nothing more begins after the last failure that is allowed. */
function cutShort(
  taken: { readonly messages: number; readonly failed: number },
  mayFail: number,
  random: Random,
): Taken {
  return { messages: positionOfHit(mayFail, taken.failed, taken.messages, random), failed: mayFail, lost: 0 }
}
