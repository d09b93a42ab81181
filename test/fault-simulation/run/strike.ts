import type { FaultKind, Mishap, MishapOf, Victim } from '../scenario/scenario.ts'
import type { StoreClient } from '../store/store-client.ts'
import type { Crew } from './crew.ts'
import type { WorkerProcess } from './worker-process.ts'
import type { World } from './world.ts'

interface Scene {
  readonly world: World
  readonly crew: Crew
  /** Who is struck; nobody where there is no such worker at this moment. */
  readonly victims: readonly WorkerProcess[]
}

const blows: { readonly [K in FaultKind]: (mishap: MishapOf<K>, scene: Scene) => void } = {
  crash: ({ restartAfterMs }, { crew, victims }) => {
    for (const process of victims) crew.crash(process, restartAfterMs)
  },
  pause: ({ stands, forMs }, scene) =>
    forAWhile(scene, forMs, ({ container }, isOn) => (isOn ? container.pause(stands) : container.resume())),
  terminate: ({ againAfterMs, restartAfterMs }, { crew, victims, world }) => {
    for (const process of victims) {
      crew.terminate(process, restartAfterMs)
      if (againAfterMs !== undefined) world.timeline.after(againAfterMs, () => process.terminate())
    }
  },
  lag: ({ ms, forMs }, scene) => forAWhile(scene, forMs, ({ container }, isOn) => container.lag(isOn ? ms : 0)),
  wallJump: ({ byMs }, { victims }) => {
    for (const { container } of victims) container.jumpWall(byMs)
  },
  cut: (how, { victims }) => {
    for (const broker of victims.flatMap(({ brokers }) => brokers)) broker.cut(how, how.awayMs)
  },
  channelClosed: (_, { victims, world }) => {
    for (const { container } of victims) for (const { broker } of world.queues) broker.endChannels(container)
  },
  brokerDown: ({ forMs }, { world, crew }) => {
    setUp(world, false)
    for (const broker of crew.all.flatMap(({ brokers }) => brokers))
      broker.cut({ clientNoticesMs: 0, serverNoticesMs: 0 }, 0)
    world.timeline.after(forMs, () => setUp(world, true))
  },
  publishBlocked: ({ forMs }, { world }) => {
    for (const { broker } of world.queues) broker.block(forMs)
  },
  storeTrouble: ({ trouble, forMs }, scene) =>
    forAWhile(scene, forMs, ({ store }, isOn) => void (store.trouble = isOn ? trouble : 'none')),
  storeSlow: ({ ms, forMs }, scene) => {
    for (const { facts } of scene.world.queues) facts.slowestMs = Math.max(facts.slowestMs, ms)
    forAWhile(scene, forMs, ({ store }, isOn) => void (store.slowMs = isOn ? ms : 0))
  },
  staleReads: ({ staleMs, forMs }, scene) =>
    forAWhile(scene, forMs, ({ store }, isOn) => void (store.staleMs = isOn ? staleMs : 0)),
  storeEmptied: (_, { world }) => world.store.empty(),
  storeRestored: ({ ageMs }, { world }) => world.store.restore(ageMs),
  outage: ({ forMs }, { world }) => {
    world.isOut = true
    world.timeline.after(forMs, () => void (world.isOut = false))
  },
  burst: ({ messages }, { world }) => {
    for (const queue of world.queues) queue.publish(messages)
  },
}

export function strike(mishap: Mishap, world: World, crew: Crew): void {
  const blow = blows[mishap.kind] as (mishap: Mishap, scene: Scene) => void
  blow(mishap, { world, crew, victims: 'who' in mishap ? victimsOf(mishap.who, crew) : [] })
}

function setUp({ queues }: World, isUp: boolean): void {
  for (const { broker } of queues) broker.isUp = isUp
}

function victimsOf(who: Victim, crew: Crew): readonly WorkerProcess[] {
  if (who === 'all') return crew.all
  const found = crew.find(who)
  return found === undefined ? [] : [found]
}

function forAWhile(
  { victims, world }: Scene,
  forMs: number,
  set: (victim: Pick<WorkerProcess, 'container'> & { readonly store: StoreClient }, isOn: boolean) => void,
): void {
  for (const victim of victims) {
    set(victim, true)
    world.timeline.after(forMs, () => set(victim, false))
  }
}
