import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import { emptyingMs } from '../scenario/expect.ts'
import type { Crew } from './crew.ts'
import type { Mishaps } from './mishaps.ts'
import type { World } from './world.ts'

/** After the rollout has ended, and after the last fault: time in which what has ended must stay so. */
const afterwardsMs = 4_000
/** Beyond the rollout's own deadlines, from the moment when nothing is wrong any more. */
const recoveryMs = 30_000
const leavingMs = 10_000

/** Says when a run is over: some time after the rollout's end and the last fault, once the queues are empty; or when it is too late for all that. */
export class Ending {
  readonly #world: World
  readonly #crew: Crew
  readonly #mishaps: Mishaps
  #endedAt: number | undefined
  #emptyBy: number | undefined

  constructor(world: World, crew: Crew, mishaps: Mishaps) {
    this.#world = world
    this.#crew = crew
    this.#mishaps = mishaps
  }

  get #open(): number {
    return this.#world.queues.reduce((sum, { backlog, broker }) => sum + backlog + broker.unsettled, 0)
  }

  /** To be asked after each step. */
  isOver(): boolean {
    const { queues, timeline } = this.#world
    if (this.#emptyBy !== undefined) return this.#open === 0 || timeline.now >= this.#emptyBy
    if (!this.#hasRested()) return false
    for (const queue of queues) queue.endTraffic()
    this.#emptyBy = timeline.now + (queues.some(({ facts }) => facts.leavesMessages) ? leavingMs : emptyingMs)
    return false
  }

  #hasRested(): boolean {
    const { timeline, queues, policy, scenario, lead } = this.#world
    const { now } = timeline
    if (!this.#crew.isComplete) this.#mishaps.disturbed()
    const isOverdue = now > scenario.rolloutAtMs + recoveryMs
    const hasEnded = queues.every(({ facts: { rollout } }) => (rollout ? isTerminal(rollout.phase) : isOverdue))
    this.#endedAt = hasEnded ? (this.#endedAt ?? now) : undefined
    const calmAt = Math.max(this.#mishaps.calmAt, scenario.rolloutAtMs)
    // What undoes a promotion has a drain of its own.
    const drainMs = lead.facts.policy.drain.timeoutMs
    if (now > calmAt + policy.progressDeadlineMs + drainMs + recoveryMs) return true
    return this.#endedAt !== undefined && now >= Math.max(this.#endedAt, calmAt) + afterwardsMs
  }
}
