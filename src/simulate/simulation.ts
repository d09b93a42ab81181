import type { Allocations } from '../core/allocation/lane.ts'
import { PaceMeter } from '../core/allocation/pace-meter.ts'
import type { Counts } from '../core/evidence/counts.ts'
import { countsSince } from '../core/evidence/counts.ts'
import { advance } from '../core/rollout/advance.ts'
import { createQueueState } from '../core/rollout/queue-state.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { abortablePhases, hasMoved, isTerminal } from '../core/rollout/rollout.ts'
import type { HistoryEntry, Phase, Rollout } from '../core/rollout/rollout.ts'
import { startRollout } from '../core/rollout/start.ts'
import { seededRandom } from './random.ts'
import { untilNextLook } from './look-length.ts'
import type { Scenario } from './scenario.ts'
import { World } from './world.ts'

/** One rollout from its start to its end, as it went. */
export interface Run {
  readonly seed: number
  /** The one that it ended in, or the one that held it until `progressDeadline`. */
  readonly phase: Phase
  readonly elapsedMs: number
  /** Messages whose first outcome on the canary was not success. */
  readonly harmed: number
  readonly messages: { readonly taken: number; readonly canary: Counts; readonly stable: Counts }
  readonly history: readonly HistoryEntry[]
  readonly looks: number
}

/** The rollout at one look. */
export interface Moment {
  readonly rollout: Rollout
  /** From now on. */
  readonly allocations: Allocations
  /** Messages that each version has taken. */
  readonly canary: number
  readonly stable: number
}

/** A rollout of the real core on a clock and a queue of its own. The same scenario and seed always give the same run. */
export class Simulation {
  readonly #scenario: Scenario
  readonly #seed: number
  readonly #world: World
  readonly #watch: ((moment: Moment) => void) | undefined
  readonly #pace = new PaceMeter()
  readonly #origin: Counts
  #state: QueueState
  #sinceMs = 0
  #looks = 0
  #end: Pick<Run, 'phase' | 'elapsedMs'> | undefined

  /** `watch` sees every look. */
  constructor(scenario: Scenario, seed: number, watch?: (moment: Moment) => void) {
    this.#scenario = scenario
    this.#seed = seed
    this.#watch = watch
    this.#world = new World(scenario, seededRandom(seed))
    this.#origin = { ...this.#world.stable.counts }
    this.#state = started()
  }

  /** Looks so many times, or until the end; undefined while that is not reached. */
  run(looks = Infinity): Run | undefined {
    for (let look = 0; look < looks && this.#end === undefined; look++) this.#look()
    return this.#end === undefined ? undefined : this.#result(this.#end)
  }

  #look(): void {
    const { policy } = this.#scenario
    const { seen } = this.#world
    const before = rolloutIn(this.#state)
    const now = before.elapsedMs + this.#sinceMs
    this.#pace.look(seen.canary.counts.taken + seen.stable.counts.taken, now)
    const wished = { ...this.#state, commands: isOpenEnded(before, this.#scenario) ? [promoteBy(this.#looks)] : [] }
    // Reports are a look old, and what is granted lasts for another one: half of it, on average.
    const nextMs = this.#nextLookMs(now)
    const pace = { ratePerMs: this.#pace.pace.ratePerMs, horizonMs: 1.5 * nextMs, belated: 0 }
    this.#state = advance(wished, { at: '', sinceMs: this.#sinceMs, seen, pace, policy }).state
    this.#looks++
    const after = rolloutIn(this.#state)
    this.#watch?.({
      rollout: after,
      allocations: this.#state.allocations,
      canary: this.#world.canary.counts.taken,
      stable: this.#world.stable.counts.taken - this.#origin.taken,
    })
    this.#end = endOf(before, after, policy.progressDeadlineMs)
    if (this.#end !== undefined) return
    // What has just begun may be short.
    this.#sinceMs = hasMoved(before, after) ? Math.min(nextMs, this.#nextLookMs(now)) : nextMs
    this.#world.pass(this.#state, this.#sinceMs)
  }

  /** One look comes when the canary begins to fail. */
  #nextLookMs(now: number): number {
    const untilOnsetMs = this.#scenario.traffic.onsetMs - now
    const lane = this.#state.allocations.canary
    const harmfulShare = lane.kind === 'throttled' && untilOnsetMs <= 0 ? lane.weight / 100 : 0
    const lookMs = untilNextLook(rolloutIn(this.#state), harmfulShare, this.#scenario)
    return untilOnsetMs > 0 ? Math.min(lookMs, untilOnsetMs) : lookMs
  }

  #result({ phase, elapsedMs }: Pick<Run, 'phase' | 'elapsedMs'>): Run {
    const { harmed, history } = rolloutIn(this.#state)
    const { taken, stable, canary } = this.#world
    const messages = { taken, canary: { ...canary.counts }, stable: countsSince(stable.counts, this.#origin) }
    return { seed: this.#seed, phase, elapsedMs, harmed, messages, history, looks: this.#looks }
  }
}

/** Runs a rollout to its end. */
export function simulate(scenario: Scenario, seed: number, watch?: (moment: Moment) => void): Run {
  const run = new Simulation(scenario, seed, watch).run()
  if (run === undefined) throw new Error('a simulation without a bound on its looks ended without a result')
  return run
}

const [stable, canary, rollout] = ['stable', 'canary', 'simulated']

function started(): QueueState {
  const request = { id: rollout, canary, policyDigest: '', at: '', force: false }
  const started = startRollout(createQueueState('simulation', stable), request)
  if (!started.ok) throw new Error(`a simulated rollout did not start: ${started.why}`)
  return started.state
}

function rolloutIn({ rollout }: QueueState): Rollout {
  if (rollout === undefined) throw new Error('a simulated rollout got lost')
  return rollout
}

/** A pause that only an operator ends. In a simulation one is there at once. */
function isOpenEnded({ phase, hold, step }: Rollout, { policy }: Scenario): boolean {
  const paused = policy.steps[step]
  return phase === 'Paused' && hold === 'step' && paused?.kind === 'pause' && paused.durationMs === undefined
}

function promoteBy(look: number) {
  return { id: `promote-${look}`, rollout, kind: 'promote', full: false, reason: 'by the simulation' } as const
}

/** Ended, taken back for want of a decision, or held by what only an operator can end. */
function endOf(before: Rollout, after: Rollout, deadlineMs: number): Pick<Run, 'phase' | 'elapsedMs'> | undefined {
  const { phase, elapsedMs, hold } = after
  if (isTerminal(phase)) return { phase, elapsedMs }
  if (phase === 'Paused' && (hold === 'failure' || hold === 'insufficientData')) return { phase, elapsedMs }
  const expires = phase === 'RollingBack' && elapsedMs >= deadlineMs && abortablePhases.includes(before.phase)
  return expires ? { phase: before.phase, elapsedMs } : undefined
}
