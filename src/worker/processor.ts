import type { BrokerCapabilities } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { BatchSettings, HandlerDefinition } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import { CohortBook } from './cohort-book.ts'
import { describeThrown } from './describe-thrown.ts'
import { Dispatcher } from './dispatcher.ts'
import { ErrorClasses } from './error-classes.ts'
import { FailureLog } from './failure-log.ts'
import { GroupOrder } from './group-order.ts'
import { InFlight } from './in-flight.ts'
import { OutageWatch } from './outage-watch.ts'
import { Retries } from './retries.ts'
import { createRunner } from './runner.ts'
import type { Runner } from './runner.ts'
import { afterOutcome, beforeStart, mayReturn } from './settle.ts'
import { Settler } from './settler.ts'
import { Tally } from './tally.ts'
import type { Outcome } from './tally.ts'
import { Unaccepted } from './unaccepted.ts'
import type { Work } from './work.ts'

export interface ProcessorOptions {
  readonly handler: HandlerDefinition
  /** Over what the handler says, where it handles batches. */
  readonly batch: Partial<BatchSettings>
  readonly version: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly handlerTimeoutMs: number
  readonly maxAttempts: number
  readonly retryDelayMs: number
  readonly outagePatienceMs: number
  /** Whether the broker hands failed messages back to the stable version. */
  readonly handBack: boolean
  /** Whether a rollout runs. */
  readonly isReleasing: () => boolean
  /** Whether the broker keeps failed messages until their next attempt. */
  readonly retryLater: BrokerCapabilities['retryLater']
}

/** Where the work comes from, as far as its processing must know. */
export interface WorkOrigin {
  /** Handlers that may run at a time, at present. */
  readonly slots: number
  /** Whether what it took before may begin, at present. */
  readonly begins: boolean
  /** Something ended, at `now` where that is known: there may be room for more. Called before the message is settled. */
  freed(now?: number): void
  /** A retry is due. */
  resume(work: Work): void
  /** Returns a message that this canary failed, at a moment when this canary does not take it again. */
  giveBack(work: Work): void
  /** A message that waited for its group may begin. */
  turn(work: Work): void
}

/** Where the work came from when nothing is taken from there any more: it goes back. */
export function gone(settler: Settler): WorkOrigin {
  const requeue = (work: Work): void => settler.requeue(work)
  return { slots: 0, begins: false, freed: () => undefined, resume: requeue, giveBack: requeue, turn: requeue }
}

/** From a delivery to its settlement: handler, outcome, evidence, what to do, doing it. One for all that a consumer takes. */
export class Processor {
  readonly tally = new Tally()
  readonly cohorts = new CohortBook()
  readonly errors = new ErrorClasses()
  readonly inFlight = new InFlight()
  readonly groups = new GroupOrder()
  readonly settler: Settler
  readonly unaccepted: Unaccepted
  readonly #options: ProcessorOptions
  readonly #runner: Runner
  readonly #dispatcher: Dispatcher
  readonly #retries: Retries
  readonly #failures: FailureLog
  readonly #deadLetters: FailureLog
  readonly #outage: OutageWatch
  #origin: WorkOrigin
  #draining = false
  #ended = 0

  constructor(options: ProcessorOptions) {
    this.#options = options
    const { tally, inFlight, groups } = this
    this.#failures = new FailureLog(options.log, options.clock)
    this.#deadLetters = new FailureLog(options.log, options.clock, 'a message is dead-lettered')
    this.#outage = new OutageWatch(options.maxAttempts > 1 ? options.outagePatienceMs : 0)
    const settler = new Settler({
      ...options,
      tally,
      inFlight,
      groups,
      giveBack: (work) => this.#origin.giveBack(work),
      onTurn: (work) => this.#origin.turn(work),
    })
    this.settler = settler
    this.#origin = gone(settler)
    const retries = new Retries({ ...options, settler, resume: (work) => this.#resume(work) })
    this.#retries = retries
    this.unaccepted = new Unaccepted({ ...options, accepts: options.handler.accepts, settler, retries, tally })
    this.#runner = createRunner({
      ...options,
      inFlight,
      slots: () => this.#origin.slots,
      mayBegin: (work) => this.#mayBegin(work),
    })
    this.#dispatcher = new Dispatcher({
      ...options,
      inFlight,
      run: (work) => this.#runner.run(work),
      onOutcome: (work, outcome, error) => this.#conclude(work, outcome, error),
      onLate: () => this.#late(),
      onForgone: (work) => this.#forgo(work),
    })
  }

  /** Messages whose outcome was decided. */
  get ended(): number {
    return this.#ended
  }

  get waitingRetries(): number {
    return this.#retries.size
  }

  attach(origin: WorkOrigin): void {
    this.#origin = origin
  }

  /** Ends the time of handlers that take too long, until the signal aborts. */
  watch(signal: AbortSignal): Promise<void> {
    return this.#dispatcher.watch(signal)
  }

  /** Tells handlers whose message has become somebody else's. */
  loseVoid(): void {
    this.#dispatcher.loseVoid()
  }

  /** True where the delivery must not be handled; it is then settled already. */
  rejects(work: Work): boolean {
    const next = beforeStart(work.delivery.passage, !this.unaccepted.includes(work))
    if (next === 'deadLetter') this.settler.passOn(work)
    else if (next === 'handOn') this.unaccepted.handOn(work)
    return next !== 'start'
  }

  /** What may begin has changed. */
  lookAgain(): void {
    this.#runner.look()
  }

  /** Resolves when the handler has really ended. Never rejects. */
  begin(work: Work, now: number = this.#options.clock.now()): Promise<void> {
    if (this.cohorts.isOpen && work.isFirstAttempt) work.cohort = this.cohorts.begin()
    return this.#dispatcher.start(work, now)
  }

  /** From now on no failure waits here. Messages that do are returned, or tried again now where returning is no option. */
  drain(): void {
    this.#draining = true
    this.#retries.drain()
    this.#runner.hurry()
    this.cancelRetries()
  }

  cancelRetries(): void {
    for (const work of this.#retries.cancel()) {
      if (mayReturn(work.delivery)) this.settler.requeue(work)
      else this.#resume(work)
    }
  }

  /** Late in a drain: nothing that waits here is tried any more. */
  endRetries(): void {
    for (const work of this.#retries.end()) this.settler.requeue(work)
  }

  /** Gives up a message whose handler still runs. `atOnce`: without waiting for a hand-back. */
  abandon(work: Work, atOnce: boolean): void {
    work.abort()
    this.#withdraw(work)
    this.inFlight.strand(work)
    const action = atOnce ? 'return' : this.#decide(work, 'abandoned', false)
    this.settler.perform(work, action === 'handBack' ? action : 'return')
  }

  /** A canary begins nothing that its allocation does not let it begin at this moment, and in a drain nothing. */
  #mayBegin(work: Work): boolean {
    if (work.isVoid) return false
    return work.role === 'stable' || (!this.#draining && this.#origin.begins)
  }

  #forgo(work: Work): void {
    this.#withdraw(work)
    this.#origin.freed()
    const mayGo = work.role === 'stable' || work.isVoid || mayReturn(work.delivery)
    if (mayGo || !this.#options.handBack) this.settler.requeue(work)
    else this.settler.perform(work, 'handBack')
  }

  /** It ends without an outcome: its first attempt is no evidence. */
  #withdraw(work: Work): void {
    work.outcome = 'abandoned'
    if (work.cohort !== undefined) this.cohorts.withdraw(work.cohort)
  }

  #conclude(work: Work, outcome: Outcome, error: unknown): void {
    const now = this.#options.clock.now()
    this.#ended++
    this.#count(work, outcome, now)
    // Permits for the next message must be known before this one is settled: settling is what lets the broker send it.
    this.#origin.freed(now)
    this.#watchOutage(work, outcome, now)
    if (outcome === 'succeeded') this.settler.perform(work, 'ack')
    else this.#failed(work, outcome, { thrown: error, now })
  }

  #failed(work: Work, outcome: Outcome, { thrown, now }: { thrown: unknown; now: number }): void {
    const excused = this.#outage.excuses(work.startedAt, now)
    const action = this.#decide(work, outcome, excused)
    const errorClass = outcome === 'timedOut' ? undefined : describeThrown(thrown)
    this.#tell(work, outcome, errorClass ?? 'handler timeout', action)
    if (action === 'retry') this.#retries.retry(work, errorClass, excused)
    else if (action === 'deadLetter') this.#retries.giveUp(work, { error: errorClass })
    else this.settler.perform(work, action)
  }

  #count(work: Work, outcome: Outcome, now: number): void {
    const fromQueue = work.source.request.source === 'queue'
    const durationMs = (now - work.startedAt) / work.companions
    if (fromQueue && work.tries === 1) this.tally.first(outcome, durationMs, !work.isFirstAttempt)
    if (work.cohort !== undefined) this.cohorts.end(work.cohort, outcome, durationMs)
    if (!fromQueue) this.#countFate(work, outcome)
  }

  /** What became of a message that a canary failed; not of one that a drain gave up. */
  #countFate({ delivery, tries }: Work, outcome: Outcome): void {
    const reason = delivery.passage.handedBack?.reason
    if (reason !== 'failed' && reason !== 'timedOut') return
    if (outcome === 'succeeded') this.tally.add('rescued')
    // The canary's failure budget is given back once for a message, also where one consumer returns it and another tries it again.
    else if (tries === 1 && !delivery.message.redelivered) this.tally.add('failedOnBoth')
  }

  /** A canary has its budget, and gives away what it fails. */
  #watchOutage({ delivery, role }: Work, outcome: Outcome, now: number): void {
    const { log } = this.#options
    if (role === 'canary') return
    if (outcome === 'succeeded') {
      if (this.#outage.succeeded(now)) log.info({}, 'messages succeed again')
    } else if (this.#outage.failed(delivery.message.id, now))
      log.warn({}, 'every message fails: no attempt is the last one for a while')
  }

  #decide(work: Work, outcome: Outcome | 'abandoned', excused: boolean) {
    return afterOutcome({
      role: work.role,
      outcome,
      attempt: work.attempt,
      maxAttempts: this.#options.maxAttempts,
      excused,
      source: work.source.request.source,
      handBackCapable: this.#options.handBack,
      draining: this.#draining,
      delivery: work.delivery,
      retriesLater: this.#options.retryLater !== 'none',
    })
  }

  #resume(work: Work): void {
    if (work.isVoid) this.settler.drop(work)
    else this.#origin.resume(work)
  }

  #late(): void {
    this.tally.add('late')
    this.#origin.freed()
  }

  #tell(work: Work, outcome: Outcome, errorClass: string, action: string): void {
    const { attempt, role } = work
    this.errors.add(errorClass)
    this.#failures.failed(errorClass, { outcome, role, attempt, action })
    if (action !== 'deadLetter') return
    this.#deadLetters.failed(errorClass, { message: work.delivery.message.id.slice(0, 128), attempt })
  }
}
