import { beginRetry, beginUndo } from '../../../src/cli/begin-again.ts'
import { beginGroup } from '../../../src/cli/begin-group.ts'
import { beginRollout } from '../../../src/cli/begin-rollout.ts'
import { changeState } from '../../../src/cli/change-state.ts'
import { createQueueView } from '../../../src/cli/queue-view.ts'
import type { QueueView } from '../../../src/cli/queue-view.ts'
import { isQueueCanaryError } from '../../../src/errors.ts'
import { streamOf } from '../scenario/draw.ts'
import type { CommandPlan } from '../scenario/scenario.ts'
import { StoreClient } from '../store/store-client.ts'
import { Container } from '../time/container.ts'
import type { World } from './world.ts'

const againMs = 500
const attempts = 100

export type Again = 'undo' | 'retry'

/** Whoever types commands: the command line's own code, tried again until it has been heard or refused. */
export class Operator {
  readonly #world: World
  readonly #container: Container
  /** The first one decides. */
  readonly #views: readonly QueueView[]
  readonly #lead: QueueView
  #commands = 0

  constructor(world: World) {
    const { timeline, scenario, store } = world
    const container = new Container({ name: 'operator', timeline, random: streamOf(scenario.seed, 'operator') })
    const client = new StoreClient({
      server: store,
      container,
      timeline,
      latencyMs: scenario.store,
      onAnswer: () => undefined,
    })
    this.#world = world
    this.#container = container
    const viewOf = (queue: string): QueueView =>
      createQueueView(client, { namespace: 'default', queue }, container.clock)
    this.#views = world.queues.map(({ name }) => viewOf(name))
    this.#lead = viewOf(world.lead.name)
  }

  start(): void {
    const { policy } = this.#world
    this.#try(async () => {
      const { clock } = this.#container
      const attempt = { canary: 'v2', policy, force: false }
      if (this.#views.length > 1) await beginGroup(this.#views, clock, attempt)
      else await beginRollout(this.#lead, clock, () => attempt)
    })
  }

  /** Undoes a promotion, or tries again what was rolled back. */
  again(kind: Again): void {
    this.#try(async () => {
      await (kind === 'undo' ? beginUndo : beginRetry)(this.#lead, this.#container.clock)
    })
  }

  command({ kind, full }: CommandPlan): void {
    const id = `c${++this.#commands}`
    const { records, place } = this.#drawView()
    this.#try(async () => {
      await changeState({
        records,
        place,
        clock: this.#container.clock,
        change: (state) => {
          const { rollout, commands } = state
          const isKnown = commands.some((known) => known.id === id) || rollout?.carriedOut.includes(id) === true
          if (rollout === undefined || isKnown) return Promise.resolve(undefined)
          const command = { id, rollout: rollout.id, kind, full, reason: '' }
          return Promise.resolve({ ...state, commands: [...commands, command] })
        },
      })
    })
  }

  /** Any queue of a rollout may be told. */
  #drawView(): QueueView {
    if (this.#views.length === 1) return this.#lead
    return this.#views[Math.floor(this.#container.random() * this.#views.length)] ?? this.#lead
  }

  #try(act: () => Promise<void>): void {
    this.#container.receive(() => void this.#until(act))
  }

  async #until(act: () => Promise<void>): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        await act()
        return
      } catch (error) {
        if (!isQueueCanaryError(error)) throw error
        if (error.code === 'COMMAND_REFUSED') return
      }
      await this.#container.clock.sleep(againMs)
    }
  }
}
