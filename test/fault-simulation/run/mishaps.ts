import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import type { Phase } from '../../../src/core/rollout/rollout.ts'
import { lastsMs } from '../scenario/scenario.ts'
import type { Mishap, Victim, When } from '../scenario/scenario.ts'
import type { StoreClient } from '../store/store-client.ts'
import type { Crew } from './crew.ts'
import type { WorkerProcess } from './worker-process.ts'
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
    const { timeline, broker, store, facts, rare } = this.#world
    rare.reach(`fault:${mishap.kind}`)
    if (facts.rollout !== undefined && !isTerminal(facts.rollout.phase)) rare.reach(`fault:${mishap.kind} in ${facts.rollout.phase}`)
    switch (mishap.kind) {
      case 'brokerDown':
        broker.isUp = false
        for (const process of this.#crew.all) process.broker.cut({ clientNoticesMs: 0, serverNoticesMs: 0 }, 0)
        timeline.after(mishap.forMs, () => void (broker.isUp = true))
        return
      case 'publishBlocked':
        broker.block(mishap.forMs)
        return
      case 'storeEmptied':
        store.empty()
        return
      case 'storeRestored':
        store.restore(mishap.ageMs)
        return
      case 'outage':
        this.#world.isOut = true
        timeline.after(mishap.forMs, () => void (this.#world.isOut = false))
        return
      case 'burst':
        this.#world.publish(mishap.messages)
        return
      case 'storeTrouble':
        this.#trouble(mishap.who, mishap.forMs, (client, isOn) => (client.trouble = isOn ? mishap.trouble : 'none'))
        return
      case 'storeSlow':
        facts.slowestMs = Math.max(facts.slowestMs, mishap.ms)
        this.#trouble(mishap.who, mishap.forMs, (client, isOn) => (client.slowMs = isOn ? mishap.ms : 0))
        return
      case 'staleReads':
        this.#trouble(mishap.who, mishap.forMs, (client, isOn) => (client.staleMs = isOn ? mishap.staleMs : 0))
        return
      default: {
        const process = this.#crew.find(mishap.who)
        if (process !== undefined) this.#strikeOne(mishap, process)
      }
    }
  }

  #strikeOne(mishap: Mishap, process: WorkerProcess): void {
    const { timeline, broker, rare, facts } = this.#world
    const { container, plan } = process
    const isLeader = process.leads(facts.state?.lease.holder)
    if (isLeader && facts.rollout !== undefined) rare.reach(`leader ${mishap.kind} in ${facts.rollout.phase}`)
    switch (mishap.kind) {
      case 'crash':
        container.kill()
        this.#crew.restart(plan, mishap.restartAfterMs)
        return
      case 'pause':
        container.pause(mishap.stands)
        timeline.after(mishap.forMs, () => container.resume())
        return
      case 'terminate':
        process.terminate()
        if (mishap.againAfterMs !== undefined) timeline.after(mishap.againAfterMs, () => process.terminate())
        this.#crew.restart(plan, mishap.restartAfterMs)
        return
      case 'lag':
        container.lag(mishap.ms)
        timeline.after(mishap.forMs, () => container.lag(0))
        return
      case 'wallJump':
        container.jumpWall(mishap.byMs)
        return
      case 'cut':
        process.broker.cut(mishap, mishap.awayMs)
        return
      case 'channelClosed':
        for (const channel of broker.channels())
          if (channel.connection.container === container) channel.close('consumerTimeout')
        return
      default:
        throw new Error(`${mishap.kind} strikes no single process`)
    }
  }

  #trouble(who: Victim | 'all', forMs: number, set: (client: StoreClient, isOn: boolean) => void): void {
    const one = who === 'all' ? undefined : this.#crew.find(who)
    const processes = who === 'all' ? this.#crew.all : [one].filter((process) => process !== undefined)
    for (const { store } of processes) {
      set(store, true)
      this.#world.timeline.after(forMs, () => set(store, false))
    }
  }
}
