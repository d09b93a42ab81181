import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Revision } from '../contracts/store.ts'
import type { Policy } from '../core/policy/policy.ts'
import { advanceWithoutPolicy } from '../core/rollout/advance-without-policy.ts'
import { advance, withoutRollout } from '../core/rollout/advance.ts'
import { bindingFreeze } from '../core/rollout/binding-freeze.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { Effect, Transition } from '../core/rollout/event.ts'
import type { Observation } from '../core/rollout/observation.ts'
import { runningRollout } from '../core/rollout/queue-state.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { hasMoved } from '../core/rollout/rollout.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import { ExternalGauge } from './external-gauge.ts'
import type { ExternalSource } from './external-gauge.ts'
import { LeaseWatch, renewMs } from './lease.ts'
import { observe } from './observe.ts'
import { PeerGauge } from './peer-gauge.ts'
import type { PeerRecords } from './peer-gauge.ts'
import { pinnedPolicy } from './pinned-policy.ts'
import { QueueGauge } from './queue-gauge.ts'
import { QueuePace } from './queue-pace.ts'
import { Roster } from './roster.ts'
import { sweepable } from './sweep.ts'
import { longestLookMs, Watch } from './watch.ts'

export interface CoordinatorOptions {
  readonly records: QueueRecords
  readonly broker: Pick<Broker, 'inspect' | 'capabilities'>
  readonly clock: Clock
  readonly log: Logger
  /** The consumer on whose behalf it coordinates. */
  readonly consumer: { readonly id: string; readonly version: string }
  /** Who is asked for external metrics. @default nobody: they are errors */
  readonly external?: ExternalSource | undefined
  /** The records of another queue, for rollouts of several. */
  readonly peers: (queue: string) => PeerRecords
}

/** A policy that was not there for this long is lost. */
const policyPatienceMs = 600_000
const releaseAttempts = 5
/** Reports are all that is large, and between rollouts nobody hurries. */
const sweepMs = 5_000

/** One look: the document, and the time by this process's clock and as it watched. */
interface Look {
  readonly state: QueueState
  readonly revision: Revision
  readonly now: number
  readonly watched: number
}

/**
 * Moves a queue's rollout while it holds the lease: gather, decide (`core/rollout/advance.ts`), compare-and-set. Every consumer runs one;
 * the store lets one of them act. All of a decision is in one write, so that of a deposed coordinator nothing remains.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions
  readonly #watch = new Watch()
  readonly #lease = new LeaseWatch()
  readonly #roster = new Roster()
  readonly #gauge: QueueGauge
  readonly #external: ExternalGauge
  readonly #peers: PeerGauge
  readonly #pace = new QueuePace()
  /** The last decision that is known to stand, and when it was made. */
  #decided: { readonly epoch: number; readonly sequence: number; readonly at: number } | undefined
  /** The rollout whose policy is not there, and since when. */
  #missing: { readonly rollout: string; readonly since: number } | undefined
  #sweptAt = -Infinity
  #leads = false
  #interrupted = false
  #ticking: Promise<unknown> = Promise.resolve()

  constructor(options: CoordinatorOptions) {
    this.#options = options
    this.#gauge = new QueueGauge(options.broker, options.clock)
    const { consumer, external, clock, log } = options
    this.#external = new ExternalGauge({ source: external, asker: consumer.id, clock, log })
    this.#peers = new PeerGauge(options.peers, clock, log)
  }

  /** One look. Resolves to whether it holds the lease, as far as is known. Never rejects: trouble with the store is logged, and the next look tries again. */
  async tick(): Promise<{ readonly leads: boolean }> {
    const looking = this.#look().then(
      () => this.#goesOn(),
      (error: unknown) => this.#isInterrupted(error),
    )
    this.#ticking = looking
    await looking
    return { leads: this.#leads }
  }

  /** Lets the lease go, so that the next coordinator need not wait for it to run out. To be called after the last tick. Never rejects. */
  async release(): Promise<void> {
    const { records, consumer, log } = this.#options
    await this.#ticking
    this.#external.stop()
    try {
      for (let attempt = 0; attempt < releaseAttempts; attempt += 1) {
        const found = await records.readState()
        if (found?.state.lease.holder !== consumer.id || (await this.#letGo(found))) return
      }
      log.warn({}, 'the lease was not let go; it will run out')
    } catch (error) {
      log.warn({ error: String(error) }, 'the lease was not let go; it will run out')
    }
  }

  async #look(): Promise<void> {
    const found = await this.#options.records.readState()
    const now = this.#options.clock.now()
    this.#leads = found?.state.lease.holder === this.#options.consumer.id
    if (found === undefined) return
    const look = { ...found, now, watched: this.#watch.at(now) }
    this.#lease.observe(found.state.lease, look.watched)
    if (this.#leads) return this.#lead(look)
    this.#watch.mark(now)
    if (await this.#mayLead(look)) await this.#take(look)
  }

  async #mayLead({ state, watched }: Look): Promise<boolean> {
    const { version } = this.#options.consumer
    if (!this.#lease.isFree(watched)) return false
    if (version === state.stable) return true
    // A version that no running rollout names never leads. One that drains may: where nobody else lives, the drain must end all the same.
    const rollout = runningRollout(state)
    if (version !== rollout?.canary && version !== rollout?.stable) return false
    await this.#readReports(watched)
    return !this.#stableLives(state, watched)
  }

  /** What it remembers from before others may have swept since: a coordinator counts what the store holds when it takes the lease. */
  async #take({ state, revision, now, watched }: Look): Promise<void> {
    const { records, consumer, log } = this.#options
    const reports = await this.#readReports(watched)
    const lease = { holder: consumer.id, renewals: state.lease.renewals + 1 }
    const next = { ...state, epoch: state.epoch + 1, sequence: state.sequence + 1, lease }
    // Before the write: its answer may get lost, and then the next look leads.
    this.#roster.forgetAllBut(reports, watched)
    this.#pace.reset()
    this.#missing = undefined
    this.#decided = undefined
    if ((await records.writeState(next, revision)) === undefined) return
    this.#watch.mark(now)
    this.#leads = true
    log.info({ epoch: next.epoch, consumer: consumer.id }, 'this consumer coordinates the queue')
  }

  async #lead(look: Look): Promise<void> {
    const { state, revision, now } = look
    const rollout = runningRollout(state)
    if (rollout === undefined && state.commands.length === 0 && this.#sinceDecision(state, now) < renewMs) return
    if (await this.#mustYield(look, rollout)) {
      await this.#letGo(look)
      return
    }
    const { state: decided, effects } =
      rollout === undefined ? await this.#rest(look) : await this.#decide(look, rollout)
    const lease = { ...state.lease, renewals: state.lease.renewals + 1 }
    const next = { ...decided, sequence: state.sequence + 1, lease }
    if ((await this.#options.records.writeState(next, revision)) === undefined) return
    this.#watch.mark(now)
    // A step or phase lasts from the moment when it is known to have begun.
    const at = hasMoved(rollout, next.rollout) ? this.#options.clock.now() : now
    this.#decided = { epoch: next.epoch, sequence: next.sequence, at }
    await this.#carryOut(effects, next)
  }

  /** Reads the reports, where a decision rests on them. True where a consumer of the version in charge is there to coordinate. */
  async #mustYield({ state, watched }: Look, rollout: Rollout | undefined): Promise<boolean> {
    const isStable = this.#options.consumer.version === state.stable
    if (isStable && rollout === undefined) return false
    await this.#readReports(watched)
    return !isStable && this.#stableLives(state, watched)
  }

  /** Without a rollout there is only the lease to renew, a rollback window to end, and old reports to remove. */
  async #rest({ state, now, watched }: Look): Promise<Transition<QueueState>> {
    if (now - this.#sweptAt >= sweepMs) {
      await this.#sweep(watched)
      this.#sweptAt = now
    }
    return withoutRollout(state, this.#watchedSince(state, now))
  }

  /** What has left the store must not be counted in the next rollout: another coordinator would not count it. */
  async #sweep(watched: number): Promise<void> {
    const reports = await this.#readReports(watched)
    this.#roster.forgetAllBut(reports, watched)
    const left = sweepable(reports, (id) => this.#roster.silentMs(id, watched))
    await Promise.all(
      left.map(async (id) => {
        await this.#options.records.removeReport(id)
        this.#roster.forget(id)
      }),
    )
  }

  async #decide(look: Look, rollout: Rollout): Promise<Transition<QueueState>> {
    const { records, clock } = this.#options
    const { state, now, watched } = look
    const policy = await pinnedPolicy(records, rollout.policyDigest)
    const seen = this.#observe(look, rollout, policy)
    // Time counts from a decision that stands.
    const sinceMs = this.#watchedSince(state, now)
    const input = {
      at: new Date(clock.wall()).toISOString(),
      sinceMs,
      isLate: this.#sinceDecision(state, now) > longestLookMs,
      seen,
      pace: this.#pace.look(rollout, { reports: this.#roster.reports, seen, now, sinceMs }),
    }
    if (policy === undefined)
      return advanceWithoutPolicy(state, rollout, { ...input, hopeless: this.#misses(rollout, watched) })
    this.#missing = undefined
    return advance(state, { ...input, policy })
  }

  #observe({ state, watched }: Look, rollout: Rollout, policy: Policy | undefined): Observation {
    return observe(state, rollout, {
      reports: this.#roster.reports,
      isAlive: (report) => this.#roster.isAlive(report, watched),
      isReady: (report) => this.#roster.isReady(report, watched),
      facts: this.#gauge.read(),
      handsBack: this.#options.broker.capabilities.handBack,
      peers: this.#peers.read(rollout),
      external: policy === undefined ? {} : this.#external.read(rollout, policy),
      freeze: policy && bindingFreeze(rollout, policy, this.#options.clock.wall()),
    })
  }

  /** Milliseconds since the decision that the document holds, if this coordinator made it. */
  #sinceDecision({ epoch, sequence }: QueueState, now: number): number {
    const decided = this.#decided
    return decided?.epoch === epoch && decided.sequence === sequence ? now - decided.at : Infinity
  }

  /** The part of it that was watched; 0 after the decision of another one. */
  #watchedSince(state: QueueState, now: number): number {
    const since = this.#sinceDecision(state, now)
    return Number.isFinite(since) ? Math.min(since, longestLookMs) : 0
  }

  #misses({ id, policyDigest }: Rollout, watched: number): boolean {
    if (this.#missing?.rollout !== id) {
      this.#missing = { rollout: id, since: watched }
      const text = 'the pinned policy is missing in the store: the canary takes nothing'
      this.#options.log.error({ digest: policyDigest }, text)
    }
    return watched - this.#missing.since >= policyPatienceMs
  }

  /** The canary version does not lead while a stable consumer lives: its code is what is on trial. */
  #stableLives(state: QueueState, watched: number): boolean {
    const stable = this.#roster.reports.filter(({ version }) => version === state.stable)
    return stable.some((report) => this.#roster.isAlive(report, watched))
  }

  async #letGo({ state, revision }: Pick<Look, 'state' | 'revision'>): Promise<boolean> {
    const next = { ...state, lease: { ...state.lease, holder: undefined } }
    return (await this.#options.records.writeState(next, revision)) !== undefined
  }

  async #readReports(watched: number): Promise<readonly ConsumerReport[]> {
    const reports = await this.#options.records.readReports()
    this.#roster.observe(reports, watched)
    return reports
  }

  async #carryOut(effects: readonly Effect[], state: QueueState): Promise<void> {
    for (const effect of effects) {
      this.#tell(effect, state)
      if (effect.kind === 'withdraw' && state.rollout !== undefined)
        await this.#peers.withdraw(state.rollout, effect.queue, effect.why)
    }
  }

  #tell(effect: Effect, { epoch, sequence, rollout }: QueueState): void {
    const fields = { phase: rollout?.phase, step: rollout?.step, epoch, sequence }
    if (effect.kind === 'announce') this.#options.log.info(fields, effect.why)
    if (effect.kind === 'refuse') this.#options.log.warn(fields, effect.why)
  }

  #goesOn(): void {
    if (this.#interrupted) this.#options.log.info({}, 'coordination goes on')
    this.#interrupted = false
  }

  #isInterrupted(error: unknown): void {
    if (!this.#interrupted) this.#options.log.warn({ error: String(error) }, 'coordination is interrupted')
    this.#interrupted = true
  }
}
