import type { Victim, WorkerPlan } from '../scenario/scenario.ts'
import { WorkerProcess } from './worker-process.ts'
import type { World } from './world.ts'

const restartMs = 500
const mostRestarts = 12

/** All workers of a run, and whoever starts them again. */
export class Crew {
  readonly #world: World
  readonly #processes = new Map<string, WorkerProcess>()
  readonly #incarnations = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
    world.facts.isWatched = (name) => this.#named(name)?.container.state === 'running'
  }

  get all(): readonly WorkerProcess[] {
    return [...this.#processes.values()]
  }

  start(plan: WorkerPlan): void {
    const incarnation = (this.#incarnations.get(plan.name) ?? 0) + 1
    this.#incarnations.set(plan.name, incarnation)
    const process: WorkerProcess = new WorkerProcess(this.#world, plan, incarnation, ({ reason }) => {
      if (reason === 'failed') this.restart(plan, restartMs)
      if (reason === 'retired' && this.#world.scenario.restartsRetired) this.restart(plan, restartMs)
    })
    this.#processes.set(plan.name, process)
  }

  /** In a while, unless it runs then, or has been started too often: who restarts containers backs off. */
  restart(plan: WorkerPlan, afterMs: number): void {
    if ((this.#incarnations.get(plan.name) ?? 0) >= mostRestarts) return
    this.#world.timeline.after(afterMs, () => {
      if (this.#processes.get(plan.name)?.container.isAlive !== true) this.start(plan)
    })
  }

  /** The worker of that name, or who holds the lease; undefined where there is none. */
  find(who: Victim): WorkerProcess | undefined {
    const holder = this.#world.facts.state?.lease.holder
    const found = who === 'leader' ? this.all.find((process) => process.leads(holder)) : this.#processes.get(who)
    return found?.container.isAlive === true ? found : undefined
  }

  #named(container: string): WorkerProcess | undefined {
    return this.all.find((process) => process.container.name === container)
  }
}
