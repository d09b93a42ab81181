import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Revision } from '../contracts/store.ts'
import type { Policy } from '../core/policy/policy.ts'
import { advance } from '../core/rollout/advance.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { Effect } from '../core/rollout/event.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { isTerminal } from '../core/rollout/rollout.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import { LeaseWatch, leaseMs, renewMs } from './lease.ts'
import { Liveness } from './liveness.ts'
import { observe } from './observe.ts'
import { PaceMeter } from './pace-meter.ts'
import { QueueGauge } from './queue-gauge.ts'
import { sweepReports } from './sweep.ts'

export interface CoordinatorOptions {
  readonly records: QueueRecords
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Logger
  /** The consumer on whose behalf it coordinates. */
  readonly consumer: { readonly id: string; readonly version: string }
}

/**
 * Moves a queue's rollout while it holds the lease: gather, decide (`core/rollout/advance.ts`), compare-and-set. Every consumer runs one;
 * the store lets one of them act. All of a decision is in one write, so that of a deposed coordinator nothing remains.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions
  readonly #lease = new LeaseWatch()
  readonly #liveness = new Liveness()
  readonly #gauge: QueueGauge
  #pace = new PaceMeter()
  #lookedAt: number | undefined
  #wroteAt = -Infinity
  #policy: { readonly digest: string; readonly value: Policy } | undefined

  constructor(options: CoordinatorOptions) {
    this.#options = options
    this.#gauge = new QueueGauge(options.broker, options.clock)
  }

  /** One look. Resolves to whether a rollout runs. Never rejects: trouble with the store is logged, and the next look tries again. */
  async tick(): Promise<{ readonly active: boolean }> {
    try {
      return { active: await this.#look() }
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, 'coordination is interrupted')
      return { active: false }
    }
  }

  /** Lets the lease go, so that the next coordinator need not wait for it to run out. Never rejects. */
  async release(): Promise<void> {
    const { records, consumer } = this.#options
    try {
      const found = await records.readState()
      if (found?.state.lease.holder !== consumer.id) return
      await records.writeState({ ...found.state, lease: { ...found.state.lease, holder: undefined } }, found.revision)
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, 'the lease was not let go; it will run out')
    }
  }

  async #look(): Promise<boolean> {
    const { records, clock, consumer } = this.#options
    const found = await records.readState()
    if (found === undefined) return false
    const { state, revision } = found
    this.#lease.observe(state.lease, clock.now())
    const running = runningRollout(state)
    if (state.lease.holder === consumer.id) await this.#lead(state, revision)
    else {
      this.#lookedAt = undefined
      if (await this.#mayLead(state)) await this.#take(state, revision)
    }
    return running !== undefined
  }

  /** The canary version does not lead while a stable consumer lives: its code is what is on trial. */
  async #mayLead(state: QueueState): Promise<boolean> {
    const now = this.#options.clock.now()
    if (!this.#lease.isFree(now)) return false
    if (this.#options.consumer.version === state.stable) return true
    const reports = await this.#readReports(now)
    const rivals = reports.filter(({ version }) => version === state.stable)
    return !rivals.some((report) => this.#liveness.isAlive(report, now)) && this.#isKnown(state)
  }

  /** A version that was retired, or that no rollout names, never leads. */
  #isKnown(state: QueueState): boolean {
    return this.#options.consumer.version === runningRollout(state)?.canary
  }

  async #take(state: QueueState, revision: Revision): Promise<void> {
    const { records, consumer, log } = this.#options
    const lease = { holder: consumer.id, renewals: state.lease.renewals + 1 }
    const next = { ...state, epoch: state.epoch + 1, sequence: state.sequence + 1, lease }
    if ((await records.writeState(next, revision)) === undefined) return
    this.#pace = new PaceMeter()
    this.#wroteAt = this.#options.clock.now()
    log.info({ epoch: next.epoch, consumer: consumer.id }, 'this consumer coordinates the queue')
  }

  async #lead(state: QueueState, revision: Revision): Promise<void> {
    const now = this.#options.clock.now()
    const rollout = runningRollout(state)
    const decided = rollout === undefined ? await this.#rest(state, now) : await this.#decide(state, rollout, now)
    if (decided === undefined) return
    const lease = { ...state.lease, renewals: state.lease.renewals + 1 }
    const next = { ...decided.state, sequence: state.sequence + 1, lease }
    if ((await this.#options.records.writeState(next, revision)) === undefined) return
    this.#wroteAt = now
    this.#lookedAt = now
    for (const effect of decided.effects) this.#tell(effect, next)
  }

  /** Without a rollout there is only the lease to renew, and old reports to remove. */
  async #rest(state: QueueState, now: number) {
    if (now - this.#wroteAt < renewMs && state.commands.length === 0) return undefined
    await sweepReports(this.#options.records, await this.#readReports(now), (id) => this.#liveness.silentMs(id, now))
    return { state: { ...state, commands: [] }, effects: [] }
  }

  async #decide(state: QueueState, rollout: Rollout, now: number) {
    const reports = await this.#readReports(now)
    const isAlive = (report: ConsumerReport) => this.#liveness.isAlive(report, now)
    const seen = observe(state, rollout, { reports, isAlive, facts: this.#gauge.read() })
    // A gap in which this process did not run is not watched time.
    const sinceMs = this.#lookedAt === undefined ? 0 : Math.min(now - this.#lookedAt, leaseMs)
    this.#pace.look(seen.canary.counts.taken + seen.stable.counts.taken, sinceMs)
    const policy = await this.#readPolicy(rollout.policyDigest)
    if (policy === undefined) return this.#withoutPolicy(state, rollout)
    const at = new Date(this.#options.clock.wall()).toISOString()
    return advance(state, { at, sinceMs, seen, pace: this.#pace.pace, policy })
  }

  /** Nobody moves a rollout whose rules are unknown: the canary takes nothing, the lease is kept. */
  #withoutPolicy(state: QueueState, rollout: Rollout) {
    this.#options.log.error(
      { digest: rollout.policyDigest },
      'the pinned policy is missing in the store: the canary takes nothing',
    )
    return {
      state: { ...state, allocations: { ...state.allocations, canary: { kind: 'none' } as const, consumers: {} } },
      effects: [],
    }
  }

  async #readReports(now: number): Promise<readonly ConsumerReport[]> {
    const reports = await this.#options.records.readReports()
    this.#liveness.observe(reports, now)
    return reports
  }

  async #readPolicy(digest: string): Promise<Policy | undefined> {
    if (this.#policy?.digest !== digest) {
      const value = await this.#options.records.readPolicy(digest)
      this.#policy = value && { digest, value }
    }
    return this.#policy?.value
  }

  #tell(effect: Effect, state: QueueState): void {
    const { log } = this.#options
    const fields = {
      phase: state.rollout?.phase,
      step: state.rollout?.step,
      epoch: state.epoch,
      sequence: state.sequence,
    }
    if (effect.kind === 'announce') log.info(fields, effect.why)
    if (effect.kind === 'refuse') log.warn(fields, effect.why)
  }
}

function runningRollout(state: QueueState): Rollout | undefined {
  return state.rollout === undefined || isTerminal(state.rollout.phase) ? undefined : state.rollout
}
