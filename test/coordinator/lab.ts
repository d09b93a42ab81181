import { memoryStore } from '../../adapters/stores/memory/index.ts'
import type { BrokerCapabilities, QueueFacts } from '../../src/contracts/broker.ts'
import type { Logger } from '../../src/contracts/logger.ts'
import type { Store } from '../../src/contracts/store.ts'
import type { OpenMetricProvider } from '../../src/contracts/metric-provider.ts'
import type { Policy } from '../../src/core/policy/policy.ts'
import type { ConsumerReport } from '../../src/core/rollout/consumer-report.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import type { CommandKind, QueueState } from '../../src/core/rollout/queue-state.ts'
import type { Rollout, RolloutGroup } from '../../src/core/rollout/rollout.ts'
import { startRollout } from '../../src/core/rollout/start.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { RememberingRecords } from '../../src/records/remembering-records.ts'
import type { QueueRecords } from '../../src/records/queue-records.ts'
import { buildPolicy, rampStep } from '../support/build-policy.ts'
import { buildReport } from '../support/build-report.ts'
import { at, buildCommand } from '../support/build-rollout.ts'
import { faultyStore } from '../support/faulty-store.ts'
import type { FaultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { ManualClock } from '../support/manual-clock.ts'

const namespace = 'default'

export const emptyQueue: QueueFacts = {
  backlog: 0,
  handBackBacklog: 0,
  consumers: undefined,
  handBackConsumers: undefined,
  oldestAgeMs: undefined,
}

/** One consumer with its coordinator, its own clock and its own way to the store. */
export interface Member {
  readonly id: string
  readonly coordinator: Coordinator
  readonly store: FaultyStore
  readonly logged: { readonly level: string; readonly text: string }[]
  report: ConsumerReport
  /** Reports a new beat, with what has changed. */
  beat(parts?: Partial<ConsumerReport>): Promise<void>
  tick(): Promise<{ readonly leads: boolean }>
}

interface Surroundings {
  readonly clock: ManualClock
  readonly shared: Store
  readonly queue: string
}

/** Several consumers of one queue on one memory store, or of several queues on the same. Nothing moves by itself. */
export class Lab {
  readonly clock: ManualClock
  readonly shared: Store
  readonly queue: string
  readonly records: QueueRecords
  readonly members: Member[] = []
  facts: QueueFacts | undefined = emptyQueue

  capabilities: BrokerCapabilities = {
    kind: 'lab',
    handBack: true,
    oldestAge: false,
    retryLater: 'none',
    heldBy: 'link',
  }
  /** Opens providers for the members that are added from now on. */
  open: OpenMetricProvider | undefined

  constructor({ clock = manualClock(), shared = memoryStore(), queue = 'orders' }: Partial<Surroundings> = {}) {
    this.clock = clock
    this.shared = shared
    this.queue = queue
    this.records = createQueueRecords(shared, { namespace, queue })
  }

  /** The document of a queue whose stable version is v1. */
  static async open(some: Partial<Surroundings> = {}): Promise<Lab> {
    const lab = new Lab(some)
    await lab.records.writeState(createQueueState('g1', 'v1'), undefined)
    return lab
  }

  add(id: string, version: string, { skewMs = 0 } = {}): Member {
    const store = faultyStore(this.shared)
    const place = { namespace, queue: this.queue }
    const peers = (queue: string) => createQueueRecords(store, { namespace, queue })
    const logged: Member['logged'] = []
    const clock = { ...this.clock, now: () => this.clock.now() + skewMs, wall: () => this.clock.wall() - 7 * skewMs }
    const log = loggerInto(logged)
    const records = new RememberingRecords(createQueueRecords(store, place), log)
    const { open } = this
    const external = open && { open, ...place }
    const consumer = { id, version }
    const coordinator = new Coordinator({ records, broker: this, clock, log, consumer, external, peers })
    const member: Member = {
      id,
      coordinator,
      store,
      logged,
      report: buildReport({ id, version, beat: 0 }),
      beat: async (parts = {}) => {
        const { generation, epoch, sequence } = await this.state()
        const obeyed = { generation, epoch, sequence }
        member.report = { ...member.report, obeyed, ...parts, beat: member.report.beat + 1 }
        await records.writeReport(member.report)
      },
      tick: () => coordinator.tick(),
    }
    this.members.push(member)
    return member
  }

  async inspect(): Promise<QueueFacts> {
    if (this.facts === undefined) throw new Error('the broker does not answer')
    return this.facts
  }

  async state(): Promise<QueueState> {
    const found = await this.records.readState()
    if (found === undefined) throw new Error('the document is gone')
    return found.state
  }

  async rollout(): Promise<Rollout> {
    const { rollout } = await this.state()
    if (rollout === undefined) throw new Error('there is no rollout')
    return rollout
  }

  /** As `queue-canary start` does it. */
  async start(policy: Policy | undefined = longRamp, group?: Omit<RolloutGroup, 'ready'>, id = 'r1'): Promise<void> {
    if (policy !== missing) await this.records.writePolicy('sha256:1', policy)
    await this.change((state) => {
      const started = startRollout(state, { id, canary: 'v2', policyDigest: 'sha256:1', at, force: true, group })
      if (!started.ok) throw new Error(started.why)
      return started.state
    })
  }

  /** As an operator's command line does it. */
  async command(kind: CommandKind, id = `${kind}-1`): Promise<void> {
    await this.change((state) => ({ ...state, commands: [...state.commands, buildCommand(kind, { id })] }))
  }

  async change(edit: (state: QueueState) => QueueState): Promise<void> {
    const found = await this.records.readState()
    if (found === undefined) throw new Error('the document is gone')
    await this.records.writeState(edit(found.state), found.revision)
  }

  /** Lets time pass in looks of `everyMs`; whoever is named beats and ticks at each. */
  async run(ms: number, members: readonly Member[] = this.members, everyMs = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += everyMs) {
      await this.clock.advance(everyMs)
      for (const member of members) await member.beat()
      for (const member of members) await member.tick()
    }
  }
}

/** Given to `start`: the policy was never written, or is lost. */
export const missing = buildPolicy({ steps: [] })
/** A step that does not end during a test. */
export const longRamp = buildPolicy({ steps: [rampStep({ weight: 10, durationMs: 3_600_000 })] })

function loggerInto(logged: Member['logged']): Logger {
  const write = (level: string) => (_: object, text: string) => void logged.push({ level, text })
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
