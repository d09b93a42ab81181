import type { Phase } from '../../../src/core/rollout/rollout.ts'
import { lastsMs } from '../scenario/scenario.ts'
import type { Mishap, When } from '../scenario/scenario.ts'
import type { Crew } from './crew.ts'
import { strike } from './strike.ts'
import type { World } from './world.ts'

/** Lets faults and commands happen when their time has come. */
export class Mishaps {
  readonly #world: World
  readonly #crew: Crew
  readonly #waiting: { readonly phase: Phase; readonly afterMs: number; readonly act: () => void }[] = []
  readonly #met = new Set<Phase>()
  /** From then on nothing is wrong any more, as far as is known. */
  #calmAt = 0

  constructor(world: World, crew: Crew) {
    this.#world = world
    this.#crew = crew
  }

  get calmAt(): number {
    return this.#calmAt
  }

  /** Something is not as it should be at this moment. */
  disturbed(): void {
    this.#calmAt = Math.max(this.#calmAt, this.#world.timeline.now)
  }

  arrange(when: When, act: () => void, lastsForMs: number): void {
    const { timeline } = this.#world
    const happen = (): void => {
      this.#calmAt = Math.max(this.#calmAt, timeline.now + lastsForMs)
      act()
    }
    if ('atMs' in when) {
      this.#calmAt = Math.max(this.#calmAt, when.atMs + lastsForMs)
      timeline.at(when.atMs, happen)
    } else this.#waiting.push({ ...when, act: happen })
  }

  /** The document says that the rollout is in this phase. */
  met(phase: Phase | undefined): void {
    if (phase === undefined || this.#met.has(phase)) return
    this.#met.add(phase)
    const { timeline } = this.#world
    for (const waiting of this.#waiting) {
      if (waiting.phase !== phase) continue
      this.#calmAt = Math.max(this.#calmAt, timeline.now + waiting.afterMs)
      timeline.after(waiting.afterMs, waiting.act)
    }
  }

  arrangeAll(): void {
    for (const { when, ...mishap } of this.#world.scenario.faults)
      this.arrange(when, () => this.#strike(mishap), lastsMs(mishap))
  }

  #strike(mishap: Mishap): void {
    const { facts, rare } = this.#world.lead
    const phase = facts.rollout?.phase ?? 'no rollout'
    rare.reach(`${mishap.kind} in ${phase}`)
    const hit = 'who' in mishap && this.#crew.find(mishap.who)?.leads(facts.state?.lease.holder) === true
    if (hit) rare.reach(`${mishap.kind} of the leader in ${phase}`)
    strike(mishap, this.#world, this.#crew)
  }
}
