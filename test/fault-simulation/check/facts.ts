import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import type { Lane } from '../../../src/core/allocation/lane.ts'
import { compareOrder } from '../../../src/core/rollout/order.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { rangeOf } from '../scenario/contract.ts'
import { latenessOf } from '../scenario/scenario.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { deadName } from '../broker/broker-model.ts'
import type { End, Happening, Happenings, Start } from './events.ts'
import { Grants } from './grants.ts'
import { Hearing } from './hearing.ts'
import { Pace } from './pace.ts'
import { Trial } from './trial.ts'

/** What became of one delivery, as far as handlers go. */
interface Fate {
  running: number
  succeeded: boolean
  failures: number
  role: Start['role']
  /** The number of the rollout in which it was tried on a canary. */
  readonly trial: number
}

/** Totals of the truth since the running step began. */
export interface StepTruth {
  readonly name: string
  readonly since: number
  readonly weight: number
  /** What may be taken beyond the weight, or had been granted before by the one before. */
  readonly burst: number
  canary: number
  total: number
}

const answersToKnow = 6
/** By then what was granted has been taken. */
const takenMs = 5_000
/** How late a write may be that its process takes for lost (`store/store-client.ts`). */
const lateMs = 4_000

/** The truth of a run that several invariants need: kept once, before they are asked. */
export class Facts {
  readonly scenario: Scenario
  readonly #policy: Policy
  readonly #pinned = new Map<string, Policy>()
  readonly fates = new Map<number, Fate>()
  readonly grants: Grants
  state: QueueState | undefined
  step: StepTruth | undefined
  readonly trial = new Trial()
  readonly #failures = new Map<string, number>()
  readonly #failuresOnStable = new Map<string, number>()
  readonly #seen = new Map<string, QueueState>()
  /** By process and version: how often it was told that it is retired. */
  readonly #toldRetired = new Map<string, Map<string, number>>()
  rewinds = 0
  /** Versions of which somebody has left as retired. */
  readonly #left = new Set<string>()
  /** Versions that were in charge by any document. */
  readonly inCharge = new Set<string>()
  /** By rollout: the step up to which it lets its group go, counted from 1, by any document. What the store took back is written again. */
  readonly letsTo = new Map<string, number>()
  /** The slowest that the store was made, one way. */
  slowestMs = 0
  readonly deadLettered = new Set<string>()
  readonly #hearing = new Hearing()
  readonly #pace = new Pace()
  /** By process and version: deliveries whose handlers run. */
  readonly #running = new Map<string, Map<string, Set<number>>>()
  /** Of all queues of the rollout, these included. */
  group: readonly Facts[] = [this]
  /** Whether a process lives and does not stand still. */
  isWatched: (container: string) => boolean = () => true

  constructor(scenario: Scenario, policy: Policy) {
    this.scenario = scenario
    this.#policy = policy
    this.grants = new Grants(scenario.batch !== undefined)
  }

  get rollout(): Rollout | undefined {
    return this.state?.rollout
  }

  /** Of the rollout; before it is known, of the one that will be. */
  get policy(): Policy {
    return this.#pinned.get(this.rollout?.policyDigest ?? '') ?? this.#policy
  }

  /** Handlers that do not end may hold every slot of its workers. */
  readonly mayBeStuck = (version: string): boolean => version !== 'v1' && this.scenario.quality.canaryStuck > 0

  /**
   * What the version in charge does not accept stays, and what is behind it in its group, or waits too long for a run to see. Where a store has lost
   * the document, two versions may be in charge, and take what they do not accept in turns; or the one that is in charge again has left as retired,
   * and somebody must start it.
   */
  get leavesMessages(): boolean {
    const { contract } = this.scenario
    const inCharge = this.state?.stable ?? 'v1'
    if (this.rewinds > 0 && (contract !== undefined || this.#left.has(inCharge))) return true
    return contract !== undefined && rangeOf(contract, inCharge) !== '*'
  }

  get isRunning(): boolean {
    return this.rollout !== undefined && !isTerminal(this.rollout.phase)
  }

  runningAt(container: string, version: string): number {
    return this.#running.get(container)?.get(version)?.size ?? 0
  }

  /** The newest document, by its order, that the process was answered, of the generation that it was answered last. */
  lastSeenBy(container: string): QueueState | undefined {
    return this.#seen.get(container)
  }

  /** True when everything in the process must know: it reads for its watch and for its coordination, in turns. */
  knowsRetired(container: string, version: string, answers = answersToKnow): boolean {
    return (this.#toldRetired.get(container)?.get(version) ?? 0) >= answers
  }

  /** Attempts at a message that failed, over all its deliveries and versions. */
  failures(message: string): number {
    return this.#failures.get(message) ?? 0
  }

  /** Attempts of the stable version at a message that failed, over all its deliveries. */
  failuresOnStable(message: string): number {
    return this.#failuresOnStable.get(message) ?? 0
  }

  /** Handlers of the version that run now, in processes that live, do not stand still, and are heard of: silent ones are taken for dead. */
  runningOn(version: string, at: number): number {
    let sum = 0
    for (const [container, versions] of this.#running) {
      const isHeard = this.#hearing.isHeard(container, at, this.newsMs)
      if (isHeard && this.isWatched(container)) sum += versions.get(version)?.size ?? 0
    }
    return sum
  }

  /**
   * What may be taken beyond the weight: what is granted ahead for the time that news travels, at the pace of a backlog too, what is bridged, and
   * the slots. Generous: a canary that is not held back takes many times this.
   */
  burstBound(weight: number): number {
    const pace = Math.max(60, 3 * this.scenario.messagesPerSecond, this.#pace.most)
    return 6 + ((weight / 100) * pace * (1_000 + this.heldUpMs + this.newsMs)) / 1_000
  }

  /** How late a process may hear of something, beyond the way there. */
  get heldUpMs(): number {
    return Math.max(0, ...this.scenario.faults.map(latenessOf))
  }

  /** How long it may take until what happens is known to the coordinator and its answer to everybody. */
  get newsMs(): number {
    return 500 + 8 * (this.scenario.store.most + this.slowestMs)
  }

  /**
   * The same where the store was in trouble: what nobody could write is told when that is over, and what is written late a while after; and what is
   * read stale is as old as that. Who stood still tells what it did before when it goes on.
   */
  get latestNewsMs(): number {
    const troubles = this.scenario.faults.map((fault) => {
      if (fault.kind === 'staleReads') return fault.staleMs
      if (fault.kind === 'pause') return fault.forMs
      return fault.kind === 'storeTrouble' ? fault.forMs + lateMs : 0
    })
    return this.newsMs + Math.max(0, ...troubles)
  }

  take<K extends Happening>(kind: K, happening: Happenings[K]): void {
    const book = this.#books[kind]
    book?.(happening)
  }

  readonly #books: { readonly [K in Happening]?: (happening: Happenings[K]) => void } = {
    added: ({ message, queue }) => {
      if (queue === deadName) this.deadLettered.add(message.id)
    },
    start: (start) => this.#started(start),
    end: (end) => this.#ended(end),
    stored: ({ at, key, value }) => this.#stored(key, value, at),
    writing: ({ at, after }) => this.#wrote(after, at),
    rewound: ({ state }) => {
      this.rewinds++
      this.state = state
    },
    answer: ({ container, state }) => this.#answered(container, state),
    terminated: ({ container }) => this.trial.toldToEnd(container),
    exit: ({ container, version, reason }) => {
      this.trial.exited(container)
      if (reason === 'retired') this.#left.add(version)
    },
  }

  #stored(key: string, value: string, at: number): void {
    const [container] = /(?<=\/consumers\/)[^.]+/.exec(key) ?? []
    if (container === undefined) this.#pin(key, value)
    else this.#hearing.heard(decodeURIComponent(container), at)
  }

  #pin(key: string, value: string): void {
    const digest = /\/policies\/(.+)$/.exec(key)?.[1]
    const parsed = digest === undefined ? undefined : parsePolicy(JSON.parse(value).content)
    if (digest !== undefined && parsed?.ok === true) this.#pinned.set(decodeURIComponent(digest), parsed.policy)
  }

  /** Counts how often a process was answered that a version is retired. */
  #answered(container: string, state: QueueState | undefined): void {
    if (state === undefined) return
    const seen = this.#seen.get(container)
    // What is older is not obeyed.
    if (seen !== undefined && (compareOrder(state, seen) ?? 1) < 0) return
    this.#seen.set(container, state)
    const told = this.#toldRetired.get(container) ?? new Map<string, number>()
    this.#toldRetired.set(container, told)
    const { rollout, stable, tombstones } = state
    const isRunning = rollout !== undefined && !isTerminal(rollout.phase)
    const isInPlay = (version: string): boolean =>
      version === stable || (isRunning && (version === rollout.canary || version === rollout.stable))
    for (const version of Object.keys(tombstones))
      if (isInPlay(version)) told.delete(version)
      else told.set(version, (told.get(version) ?? 0) + 1)
  }

  #runningOf(container: string, version: string): Set<number> {
    const versions = this.#running.get(container) ?? new Map<string, Set<number>>()
    this.#running.set(container, versions)
    const running = versions.get(version) ?? new Set()
    versions.set(version, running)
    return running
  }

  #started({ at, dispatch, role, source, container, version }: Start): void {
    this.#pace.count(at)
    this.#runningOf(container, version).add(dispatch)
    const before = this.fates.get(dispatch)
    const fate = before ?? { running: 0, succeeded: false, failures: 0, role, trial: this.trial.number }
    fate.running++
    this.fates.set(dispatch, fate)
    if (role === 'canary') this.trial.started(container)
    if (source !== 'queue' || before !== undefined || this.step === undefined) return
    this.step.total++
    if (role === 'canary') this.step.canary++
  }

  #ended({ start: { dispatch, role, message, container, version }, outcome }: End): void {
    this.#runningOf(container, version).delete(dispatch)
    const fate = this.fates.get(dispatch)
    if (fate === undefined) return
    fate.running--
    if (outcome === 'succeeded') fate.succeeded = true
    else {
      fate.failures++
      this.#failures.set(message, this.failures(message) + 1)
    }
    if (role === 'canary') this.trial.ended({ container, message, outcome, number: fate.trial })
    else if (outcome === 'failed') this.#failedOnStable(message)
  }

  #failedOnStable(message: string): void {
    this.#failuresOnStable.set(message, this.failuresOnStable(message) + 1)
    this.trial.failedOnStable(message)
  }

  #wrote(after: QueueState, at: number): void {
    this.state = after
    this.grants.take(after)
    this.inCharge.add(after.stable)
    const { rollout } = after
    if (rollout === undefined) return
    this.trial.begin(rollout.id)
    const { id, group, step } = rollout
    this.letsTo.set(id, Math.max(this.letsTo.get(id) ?? 0, group?.ready ?? 0, step + 1))
    this.#turnTo(rollout, after.allocations.canary, at)
  }

  /**
   * What was granted before may be taken now; where that was a moment ago, so may what was granted before that. A pause at the weight of a step
   * belongs to it: what the step is owed is taken in the pause.
   */
  #turnTo({ id, step, phase }: Rollout, lane: Lane, at: number): void {
    const weight = lane.kind === 'throttled' ? lane.weight : 0
    const name = `${id}/${step}/${phase === 'Paused' ? 'Progressing' : phase}/${weight}`
    const before = this.step
    if (before?.name === name) return
    const heavier = this.burstBound(Math.max(weight, before?.weight ?? 0))
    const burst = before !== undefined && at - before.since < takenMs ? Math.max(before.burst, heavier) : heavier
    this.step = { name, since: at, weight, burst, canary: 0, total: 0 }
  }
}
