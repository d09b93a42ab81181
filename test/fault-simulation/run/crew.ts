import type { Victim, WorkerPlan } from '../scenario/scenario.ts'
import { WorkerProcess } from './worker-process.ts'
import type { World } from './world.ts'

const restartMs = 500
const mostRestarts = 8
/** Whoever was told to end and has not by then, frozen or not, never will. */
const longestEndMs = 60_000

/** One place for a worker: who fills it now, and what is to be done when it is empty. */
interface Place {
  readonly plan: WorkerPlan
  process: WorkerProcess | undefined
  incarnations: number
  /** When whoever has been told to end is started again, once it has. */
  restartAfterMs: number | undefined
  toldAt: number
  isRestarting: boolean
  /** Its version was deployed again: whoever still ends as retired is started anew. */
  isWanted: boolean
  /** How often it has ended by itself, since it was deployed. */
  restarts: number
}

/** All workers of a run, and whoever starts them again. */
export class Crew {
  readonly #world: World
  readonly #places: ReadonlyMap<string, Place>

  constructor(world: World) {
    this.#world = world
    const places = world.scenario.workers.map((plan): [string, Place] => [
      plan.name,
      {
        plan,
        process: undefined,
        incarnations: 0,
        restartAfterMs: undefined,
        toldAt: 0,
        isRestarting: true,
        isWanted: false,
        restarts: 0,
      },
    ])
    this.#places = new Map(places)
    const isWatched = (name: string): boolean =>
      this.all.find(({ container }) => container.name === name)?.container.state === 'running'
    for (const { facts } of world.queues) facts.isWatched = isWatched
    for (const place of this.#places.values()) world.timeline.at(place.plan.startsAtMs, () => this.#start(place))
  }

  get all(): readonly WorkerProcess[] {
    return [...this.#places.values()].flatMap(({ process }) => process ?? [])
  }

  /** False while somebody is about to be started again. */
  get isComplete(): boolean {
    const { now } = this.#world.timeline
    for (const { isRestarting, restartAfterMs, toldAt } of this.#places.values())
      if (isRestarting || (restartAfterMs !== undefined && now - toldAt < longestEndMs)) return false
    return true
  }

  /** The worker of that name, or who holds the lease; undefined where there is none. */
  find(who: Victim): WorkerProcess | undefined {
    const holder = this.#world.lead.facts.state?.lease.holder
    const found = who === 'leader' ? this.all.find((process) => process.leads(holder)) : this.#places.get(who)?.process
    return found?.container.isAlive === true ? found : undefined
  }

  crash({ container, plan }: WorkerProcess, restartAfterMs: number | undefined): void {
    this.#world.tell('killed', { at: this.#world.timeline.now, container: container.name })
    container.kill()
    if (restartAfterMs !== undefined) this.#restart(this.#places.get(plan.name), restartAfterMs)
  }

  terminate(process: WorkerProcess, restartAfterMs: number | undefined): void {
    const place = this.#places.get(process.plan.name)
    if (place !== undefined) Object.assign(place, { restartAfterMs, toldAt: this.#world.timeline.now })
    process.terminate()
  }

  /** Puts a version where it was: who has ended is started again. */
  deploy(version: string): void {
    for (const place of this.#places.values()) {
      if (place.plan.version !== version) continue
      Object.assign(place, { isWanted: true, restarts: 0 })
      if (!place.isRestarting && place.process?.container.isAlive !== true) this.#restart(place, restartMs)
    }
  }

  #start(place: Place): void {
    place.isRestarting = false
    place.incarnations++
    place.process = new WorkerProcess(this.#world, place.plan, place.incarnations, (reason) => {
      const goesOn =
        reason === 'failed' || (reason === 'retired' && (place.isWanted || this.#world.scenario.restartsRetired))
      const afterMs = place.restartAfterMs ?? (goesOn ? restartMs : undefined)
      place.restartAfterMs = undefined
      // What ends by itself again and again is given up; what was ended from outside is not.
      if (afterMs !== undefined && (!goesOn || ++place.restarts < mostRestarts)) this.#restart(place, afterMs)
    })
  }

  #restart(place: Place | undefined, afterMs: number): void {
    if (place === undefined) return
    place.restartAfterMs = undefined
    place.isRestarting = true
    this.#world.timeline.after(afterMs, () => this.#start(place))
  }
}
