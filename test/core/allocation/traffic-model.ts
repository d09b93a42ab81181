import { allocate } from '../../../src/core/allocation/allocate.ts'
import { idleAllocations } from '../../../src/core/allocation/lane.ts'
import type { Allocations, ThrottledLane } from '../../../src/core/allocation/lane.ts'
import { bridged } from '../../../src/core/allocation/permits.ts'
import { noCounts } from '../../../src/core/evidence/counts.ts'
import type { Counts } from '../../../src/core/evidence/counts.ts'
import type { ConsumerFacts, Observation } from '../../../src/core/rollout/observation.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { PaceMeter } from '../../../src/core/allocation/pace-meter.ts'
import { buildRollout, facts, observation } from '../../support/build-rollout.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { allocationOf, mayTake } from './canary-model.ts'
import type { Canary } from './canary-model.ts'

export interface TrafficOptions {
  readonly seed: number
  readonly weight: number
  readonly concurrency?: number
  readonly canaries?: number
  /** Messages per second; a function of the time for traffic that changes. In `backlog` mode what the stable version handles. */
  readonly perSecond: number | ((ms: number) => number)
  readonly arrivals?: 'even' | 'random'
  readonly backlog?: boolean
  /** Of one message on the canary. */
  readonly handlerMs?: number
  /** Of reports, looks and the reading of allocations, each in its own phase. */
  readonly intervalMs?: number
  /** Reports take up to this long to become readable. */
  readonly latencyMs?: number
}

interface Report {
  readonly visibleAt: number
  readonly counts: Counts
  readonly inFlight: number
  readonly ready: boolean
}

const capacity = 10

/**
 * A queue, a stable version that takes whatever it is left, and throttled canary consumers that come first while they hold permits, in steps
 * of a millisecond. Reports, looks and allocations travel as late as they do in a fleet.
 */
export class Traffic {
  readonly options: Required<TrafficOptions>
  readonly canaries: Canary[] = []
  readonly #lane: ThrottledLane
  #begins = false
  #warm = false
  #origin = { canary: 0, total: 0 }
  now = 0
  stableTaken = 0
  rollout: Rollout = buildRollout({ phase: 'Progressing' })
  allocations: Allocations = idleAllocations
  /** The most that the law has taken for granted, in messages: what passes on the way. */
  assumed = 0
  /** The most that one canary may have added to its permits while grants were late. */
  mostBridged = 0
  readonly #pace = new PaceMeter()
  readonly #random
  readonly #reports = new Map<string, Report[]>()
  #arrivals = 0
  #looksAt = 0
  #stableReportsAt = 0
  #turn = 0

  constructor(options: TrafficOptions) {
    this.options = {
      concurrency: 10,
      canaries: 1,
      arrivals: 'random',
      backlog: false,
      handlerMs: 2,
      intervalMs: 50,
      latencyMs: 5,
      ...options,
    }
    this.#random = seededRandom(options.seed)
    this.#lane = { kind: 'throttled', weight: options.weight, concurrency: this.options.concurrency, delayMs: 0 }
    for (let index = 0; index < this.options.canaries; index++) this.join()
  }

  join(): Canary {
    const { intervalMs } = this.options
    const canary: Canary = {
      id: `c${this.canaries.length}`,
      nextAt: this.now + this.#random.whole(0, intervalMs - 1),
      acts: true,
      connected: true,
      ready: true,
      foundDead: false,
      taken: 0,
      read: idleAllocations,
      obeyedAt: this.now,
      slots: 0,
      finishing: [],
    }
    this.canaries.push(canary)
    return canary
  }

  /** The step begins at the next look; before it the canary takes nothing and the coordinator learns how fast the queue is. */
  begin(): this {
    this.#begins = true
    return this
  }

  #begin(seen: Observation): void {
    this.#begins = false
    this.#warm = true
    const canary = seen.canary.counts.taken
    this.#origin = { canary, total: canary + seen.stable.counts.taken }
    this.rollout = { ...this.rollout, stepOrigin: { stable: seen.stable.counts, canary: seen.canary.counts } }
  }

  /** Since the step began: messages that the canary has taken, and all. */
  get taken(): number {
    return this.canaryTaken - this.#origin.canary
  }

  get passed(): number {
    return this.total - this.#origin.total
  }

  get canaryTaken(): number {
    return this.canaries.reduce((sum, { taken }) => sum + taken, 0)
  }

  get total(): number {
    return this.canaryTaken + this.stableTaken
  }

  /** Runs for `ms`; `each` sees every millisecond. */
  run(ms: number, each: (traffic: Traffic) => void = () => {}): this {
    for (const end = this.now + ms; this.now < end; this.now++) {
      this.#step()
      each(this)
    }
    return this
  }

  /** Until so many messages have been taken in the step. */
  runUntil(messages: number): this {
    while (this.#begins || this.passed < messages) this.run(1)
    return this
  }

  #step(): void {
    for (const canary of this.canaries) this.#communicate(canary)
    if (this.now >= this.#stableReportsAt) this.#reportStable()
    if (this.now >= this.#looksAt) this.look()
    const messages = this.#arriving()
    if (this.options.backlog) this.#drainBacklog(messages)
    else for (let index = 0; index < messages; index++) this.#deliver()
  }

  #communicate(canary: Canary): void {
    canary.finishing = canary.finishing.filter((at) => at > this.now)
    const { intervalMs } = this.options
    if (!canary.connected || this.now < canary.nextAt) return
    canary.nextAt = this.#after(intervalMs)
    if (canary.read !== this.allocations) Object.assign(canary, { read: this.allocations, obeyedAt: this.now })
    canary.slots = allocationOf(canary)?.concurrency ?? 0
    this.#report(canary.id, { taken: canary.taken, inFlight: canary.finishing.length, ready: canary.ready })
  }

  #reportStable(): void {
    this.#stableReportsAt = this.#after(this.options.intervalMs)
    this.#report('stable', { taken: this.stableTaken, inFlight: 0, ready: true })
  }

  /** Loops sleep for the interval and work for a moment, so that their phases drift. */
  #after(intervalMs: number): number {
    return this.now + intervalMs + this.#random.whole(0, Math.ceil(intervalMs / 20))
  }

  #report(id: string, { taken, inFlight, ready }: { taken: number; inFlight: number; ready: boolean }): void {
    const visibleAt = this.now + this.#random.whole(0, this.options.latencyMs)
    const queue = this.#reports.get(id) ?? []
    this.#reports.set(id, [...queue, { visibleAt, counts: { ...noCounts, taken }, inFlight, ready }])
  }

  #newest(id: string): Report | undefined {
    const reports = this.#reports.get(id) ?? []
    const newest = reports.findLast(({ visibleAt }) => visibleAt <= this.now)
    if (newest !== undefined) this.#reports.set(id, reports.slice(reports.indexOf(newest)))
    return newest
  }

  /** One look of the coordinator. */
  look(): void {
    this.#looksAt = this.#after(this.options.intervalMs)
    const seen = this.#observe()
    if (this.#begins) this.#begin(seen)
    this.#pace.look(seen.canary.counts.taken + seen.stable.counts.taken, this.now)
    const { pace } = this.#pace
    this.assumed = Math.max(this.assumed, pace.ratePerMs * pace.horizonMs)
    const { allocations, forgone, unaccounted } = allocate({
      rollout: this.rollout,
      lanes: { stable: { kind: 'stream' }, canary: this.#warm ? this.#lane : { kind: 'none' } },
      before: this.allocations,
      seen,
      maxFailedMessages: 1e6,
      maxReceiveCount: 3,
      pace: { ...pace, belated: 0 },
      fuse: undefined,
    })
    this.rollout = { ...this.rollout, forgone, unaccounted }
    this.allocations = allocations
    const bridges = Object.values(allocations.consumers).map(({ bridge }) => bridge && bridged(bridge, Infinity))
    this.mostBridged = Math.max(this.mostBridged, ...bridges.map((most = 0) => most))
  }

  /** The coordinator looks again in `ms`. */
  stall(ms: number): this {
    this.#looksAt = this.now + ms
    return this
  }

  #observe(): Observation {
    const known = this.canaries.flatMap((canary) => {
      const report = this.#newest(canary.id)
      return report === undefined ? [] : [{ canary, report }]
    })
    const factsOf = ({ canary, report }: (typeof known)[number]): ConsumerFacts => {
      const { counts, inFlight, ready } = report
      return { id: canary.id, ready, capacity, inFlight, taken: counts.taken, harmed: 0 }
    }
    const taken = known.reduce((sum, { report }) => sum + report.counts.taken, 0)
    return observation({
      stable: facts({ ready: 1, counts: this.#newest('stable')?.counts ?? noCounts }),
      canary: facts({
        counts: { ...noCounts, taken },
        consumers: known.filter(({ canary }) => !canary.foundDead).map(factsOf),
        dead: known
          .filter(({ canary }) => canary.foundDead && canary.id in this.allocations.consumers)
          .map((one) => ({ ...factsOf(one), failures: 0 })),
      }),
    })
  }

  #arriving(): number {
    const { perSecond, arrivals } = this.options
    const mean = (typeof perSecond === 'number' ? perSecond : perSecond(this.now)) / 1_000
    const spread = arrivals === 'even' ? 1 : this.#random.whole(0, 2_000) / 1_000
    this.#arrivals += mean * spread
    const whole = Math.floor(this.#arrivals)
    this.#arrivals -= whole
    return whole
  }

  #deliver(): void {
    if (!this.#offer()) this.stableTaken++
  }

  /** The queue never runs empty: canaries take whatever they may, the stable version what it can. */
  #drainBacklog(stable: number): void {
    while (this.#offer());
    this.stableTaken += stable
  }

  /** To the canary consumers in turn. */
  #offer(): boolean {
    for (let tried = 0; tried < this.canaries.length; tried++) {
      const canary = this.canaries[this.#turn++ % this.canaries.length]
      if (canary === undefined || !mayTake(canary, this.now)) continue
      canary.taken++
      canary.finishing.push(this.now + this.options.handlerMs)
      return true
    }
    return false
  }
}
