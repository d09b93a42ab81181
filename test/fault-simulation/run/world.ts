import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import { distance } from '../broker/connection.ts'
import type { Distance } from '../broker/connection.ts'
import type { Happening, Happenings } from '../check/events.ts'
import type { Violation } from '../check/invariant.ts'
import { streamOf } from '../scenario/draw.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { StoreServer } from '../store/store-server.ts'
import { Timeline } from '../time/timeline.ts'
import { QueueWorld } from './queue-world.ts'

/** What all processes of a run share: time, the store, and the queues. */
export class World {
  readonly scenario: Scenario
  readonly policy: Policy
  readonly timeline = new Timeline()
  readonly violations: Violation[] = []
  readonly store: StoreServer
  readonly network: Distance
  /** Of one rollout, where there are several; the first one decides. */
  readonly queues: readonly QueueWorld[]
  readonly lead: QueueWorld
  /** Something that both versions need is away. */
  isOut = false
  /** To be told of everything that happens, in a line. */
  onTell: (kind: string, line: string) => void = () => undefined

  constructor(scenario: Scenario) {
    const parsed = parsePolicy(scenario.policy)
    if (!parsed.ok) throw new Error(`the scenario's policy is none: ${JSON.stringify(parsed.problems)}`)
    this.scenario = scenario
    this.policy = parsed.policy
    this.network = distance(streamOf(scenario.seed, 'network'), scenario.network)
    this.lead = new QueueWorld(this, 'orders')
    this.queues = [this.lead, ...(scenario.isGroup ? [new QueueWorld(this, 'mails')] : [])]
    for (const { facts } of this.queues) facts.group = this.queues.map((queue) => queue.facts)
    this.store = new StoreServer(this.timeline, this.#storeWitness())
  }

  /** What befalls a process, or everything, is told to all queues. */
  tell<K extends Happening>(kind: K, happening: Happenings[K]): void {
    for (const queue of this.queues) queue.tell(kind, happening)
  }

  #storeWitness(): ConstructorParameters<typeof StoreServer>[1] {
    return {
      written: (key, before, value, by) => {
        const queue = this.queues.find(({ prefix }) => key.startsWith(prefix))
        if (value !== undefined) queue?.stored({ key, value, isFirst: before === undefined, by })
      },
      rewound: (documents) => {
        for (const queue of this.queues) queue.rewound(documents.get(queue.stateKey)?.value)
      },
    }
  }
}
