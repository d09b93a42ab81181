import { isLinked } from '../contracts/broker.ts'
import type { ConsumerReport, DrainReport } from '../core/rollout/consumer-report.ts'
import type { ConsumerEnd, ConsumerOptions } from './consumer-options.ts'
import { within } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import { Departure } from './departure.ts'
import { describeTrouble } from './describe-trouble.ts'
import { drain } from './drain.ts'
import { IntakeSwitch } from './intake-switch.ts'
import { Lifecycle } from './lifecycle.ts'
import { watchLoopDelay } from './loop-delay.ts'
import type { LoopDelay } from './loop-delay.ts'
import { Processor } from './processor.ts'
import { prepareHandBack, warmUp } from './readiness.ts'
import { Reporter } from './reporter.ts'
import type { Stamp } from './reporter.ts'
import { TroubleLog } from './trouble-log.ts'
import { restMs, Watcher } from './watcher.ts'

/** An allocation dies with the coordinator that gave it: shorter than the time after which a silent consumer is presumed dead. */
const allocationTtlMs = 5_000
/** Between looks and reports of a consumer that is not ready yet. */
const startingMs = 50
/** How often duties are checked against the clock, whether or not the store answers. */
const guardMs = 250
const farewellMs = 2_000
/** So often in a row every slot may be found held by a handler whose time is over: up to a second and a quarter, less while a rollout is looked at. */
const patientLooks = 5

/** One queue, one version, one incarnation: watches the queue's document, does what it says, reports, and coordinates when it is its turn. */
export class Consumer {
  readonly #options: ConsumerOptions
  readonly #watcher: Watcher
  readonly #processor: Processor
  readonly #intake: IntakeSwitch
  readonly #reporter: Reporter
  readonly #lifecycle: Lifecycle
  readonly #departure: Departure
  readonly #loopDelay: LoopDelay
  readonly #linkTrouble: TroubleLog
  readonly #life = new AbortController()
  /** Aborts when the consumer need not become ready any more. */
  readonly #start = new AbortController()
  readonly #settled = Promise.withResolvers<void>()
  #running: Promise<ConsumerEnd> | undefined
  #leads = false
  #notReady: string | undefined
  /** In which every slot was held by a handler that does not end. */
  #stuckLooks = 0

  constructor(options: ConsumerOptions) {
    this.#options = options
    const { limits, broker, clock, log } = options
    this.#watcher = new Watcher({ ...options, self: options, allocationTtlMs })
    this.#processor = new Processor({
      ...options,
      ...limits,
      handBack: broker.capabilities.handBack,
      retryLater: broker.capabilities.retryLater,
      isReleasing: () => this.#watcher.rollout !== undefined,
    })
    const isFresh = () => this.#watcher.duty().kind === 'throttled'
    this.#intake = new IntakeSwitch({ ...limits, broker, clock, processor: this.#processor, isFresh })
    this.#reporter = new Reporter({ ...options, describe: () => this.#describe() })
    this.#loopDelay = watchLoopDelay()
    this.#linkTrouble = new TroubleLog(log, 'the queue cannot be consumed')
    this.#lifecycle = new Lifecycle(log, (state) => {
      if (state !== 'starting') this.#settled.resolve()
      options.onState(state)
    })
    this.#departure = new Departure({
      clock,
      drain: (deadline) => this.#drain(deadline),
      onDrained: (report) => this.#lifecycle.to('drained', report),
    })
  }

  /** Resolves when it is ready, or will not become so. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  snapshot(): ConsumerReport {
    return this.#reporter.current()
  }

  /** Resolves when it has ended and signed off. Never rejects. */
  run(): Promise<ConsumerEnd> {
    return (this.#running ??= this.#run())
  }

  /** Ends it within the time; a shorter time given later holds. At 0 everything is returned at once. */
  async drain(timeoutMs: number): Promise<DrainReport | undefined> {
    this.#departure.leave({ reason: timeoutMs > 0 ? 'drained' : 'stopped', error: undefined }, timeoutMs)
    return (await this.run()).drain
  }

  async #run(): Promise<ConsumerEnd> {
    const { signal } = this.#life
    const loops = [
      this.#every(
        () => this.#lookMs(),
        () => this.#look(),
      ),
      this.#every(
        () => this.#lookMs(),
        () => this.#reporter.report(),
      ),
      this.#every(
        () => this.#tickMs(),
        () => this.#coordinate(),
      ),
      this.#guard(),
      this.#processor.watch(signal),
    ]
    const becoming = this.#becomeReady()
    const end = await this.#departure.ended
    await this.#farewell()
    await within(this.#options.clock, farewellMs, Promise.all([...loops, becoming]))
    return end
  }

  async #look(): Promise<void> {
    await this.#watcher.look()
    this.#processor.cohorts.turnTo(this.#watcher.cohorts)
    this.#follow()
    const { document } = this.#watcher
    if (document !== undefined) await this.#options.automatic?.consider(document, this.#lifecycle.state === 'ready')
  }

  async #coordinate(): Promise<void> {
    if (this.#watcher.obeyed === undefined) return
    this.#leads = (await this.#options.coordinator.tick()).leads
  }

  /** A store that does not answer must not keep an old allocation alive. */
  async #guard(): Promise<void> {
    while (!this.#life.signal.aborted) {
      await this.#options.clock.sleep(guardMs, this.#life.signal)
      this.#follow()
      this.#processor.loseVoid()
      this.#tellLink()
    }
  }

  /** A lost connection is the adapter's to tell; a queue that is missing or refused needs a person. */
  #tellLink(): void {
    const { link, linkReason } = this.#intake
    if (link === 'missing' || link === 'refused') this.#linkTrouble.tell(linkReason ?? link)
    else if (isLinked(link)) this.#linkTrouble.over()
  }

  #follow(): void {
    const duty = this.#watcher.duty()
    const isHere = this.#watcher.obeyed !== undefined && !this.#life.signal.aborted
    if (!isHere || this.#departure.isLeaving) return
    if (duty.kind === 'retired' && this.#options.whenRetired === 'exit') {
      this.#departure.leave({ reason: 'retired', error: undefined }, this.#options.limits.handlerTimeoutMs)
    } else if (duty.kind === 'drain') this.#departure.drainBy(this.#drainTimeMs(duty))
    else if (this.#departure.isDraining) this.#leaveDrained(duty.kind)
    else if (this.#lifecycle.state === 'ready') this.#work()
  }

  /** A drained consumer ends when its version is retired, or wanted again. */
  #leaveDrained(duty: string): void {
    if (this.#departure.report === undefined) return
    this.#departure.leave({ reason: duty === 'retired' ? 'retired' : 'renewed', error: undefined }, 0)
  }

  #work(): void {
    const duty = this.#watcher.duty()
    const { inFlight } = this.#processor
    const { rollout, lookMs, hasTrial } = this.#watcher
    if (duty.kind === 'stream') this.#intake.set({ kind: 'stream', rollout, wayMs: hasTrial ? lookMs : undefined })
    else this.#intake.set({ kind: 'throttled', allocation: duty.kind === 'throttled' ? duty.allocation : undefined })
    this.#mindStuck(this.#intake.slots > 0 && inFlight.stuck >= this.#intake.slots)
  }

  /** Right after a process stood still for long its handlers are late, and end at once. */
  #mindStuck(isStuck: boolean): void {
    this.#stuckLooks = isStuck ? this.#stuckLooks + 1 : 0
    if (this.#stuckLooks < patientLooks) return
    const { stuck } = this.#processor.inFlight
    this.#options.log.error({ stuck }, 'unhealthy: every slot is held by a handler that does not end')
    this.#fail(new Error('every slot is held by a handler that does not end'))
  }

  async #becomeReady(): Promise<void> {
    const { handler, clock, limits } = this.#options
    const { signal } = this.#start
    try {
      await this.#isAware(signal)
      if (signal.aborted) return
      await warmUp({ handler, clock, timeoutMs: limits.warmUpTimeoutMs, signal })
      const onTrouble = (reason: string): void => void (this.#notReady = reason)
      if (this.#watcher.duty().kind !== 'stream') await prepareHandBack({ ...this.#options, signal, onTrouble })
      this.#notReady = undefined
      if (signal.aborted) return
      this.#lifecycle.to('ready')
      this.#follow()
    } catch (error) {
      this.#notReady = describeTrouble(error)
      this.#options.log.error({ error: this.#notReady }, 'the consumer cannot start')
      this.#fail(error)
    }
  }

  async #isAware(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#watcher.obeyed === undefined) await this.#options.clock.sleep(startingMs, signal)
  }

  #fail(error: unknown): void {
    this.#departure.leave({ reason: 'failed', error }, this.#options.limits.drainTimeoutMs)
  }

  #drain(deadline: Deadline): Promise<DrainReport> {
    this.#start.abort()
    this.#lifecycle.to('draining')
    return drain({ intake: this.#intake, processor: this.#processor, clock: this.#options.clock, deadline })
  }

  #drainTimeMs({ timeoutMs, onTimeout }: { timeoutMs: number; onTimeout: 'handBack' | 'wait' }): number {
    // Nothing that has begun can take longer than the handler's own time.
    return onTimeout === 'handBack' ? timeoutMs : Math.max(timeoutMs, 1.3 * this.#options.limits.handlerTimeoutMs)
  }

  async #farewell(): Promise<void> {
    const { clock, coordinator } = this.#options
    this.#life.abort()
    await within(clock, farewellMs, Promise.all([coordinator.release(), this.#closeHandler()]))
    this.#lifecycle.to('gone')
    await this.#reporter.signOff()
    this.#loopDelay.stop()
  }

  async #closeHandler(): Promise<void> {
    try {
      await this.#options.handler.close?.()
    } catch (error) {
      this.#options.log.warn({ error: describeTrouble(error) }, "the handler's close failed")
    }
  }

  #describe(): Omit<ConsumerReport, Stamp> {
    const { id, worker, version, limits } = this.#options
    const { tally, inFlight, cohorts, errors, unaccepted } = this.#processor
    return {
      id,
      worker,
      version,
      state: this.#lifecycle.state,
      link: this.#intake.link,
      linkReason: this.#notReady ?? this.#intake.linkReason,
      obeyed: this.#watcher.obeyed,
      capacity: limits.concurrency,
      inFlight: inFlight.running.size,
      stuck: inFlight.stuck,
      counts: tally.counts,
      durations: tally.durations,
      cohorts: cohorts.report,
      errors: errors.report,
      contract: unaccepted.report,
      handlerTimeoutMs: limits.handlerTimeoutMs,
      eventLoopDelayMs: this.#loopDelay.read(),
      drain: this.#departure.report,
    }
  }

  async #every(periodMs: () => number, act: () => Promise<void>): Promise<void> {
    const { clock } = this.#options
    while (!this.#life.signal.aborted) {
      await act()
      await clock.sleep(periodMs(), this.#life.signal)
    }
  }

  #lookMs(): number {
    return this.#lifecycle.state === 'starting' ? startingMs : this.#watcher.lookMs
  }

  /** Whoever does not coordinate only looks whether somebody has to. */
  #tickMs(): number {
    return this.#leads || this.#lifecycle.state === 'starting' ? this.#lookMs() : restMs
  }
}
