import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Revision } from '../contracts/store.ts'
import type { Assignment } from '../core/allocation/assignment.ts'
import { quickestLookMs } from '../core/allocation/rhythm.ts'
import type { Order } from '../core/rollout/order.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { createQueueState, runningRollout } from '../core/rollout/queue-state.ts'
import { isQueueCanaryError } from '../errors.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import { duty, obey, unaware } from './obedience.ts'
import type { Doubt, Look, Memory, Self } from './obedience.ts'
import { TroubleLog } from './trouble-log.ts'

export interface WatcherOptions {
  readonly records: Pick<QueueRecords, 'readState' | 'writeState'>
  readonly self: Self
  /** Whether its version takes charge of a queue that nobody has registered for. */
  readonly registers: boolean
  readonly clock: Clock
  readonly log: Logger
  readonly newId: () => string
  /** How long an allocation lives after the document was last seen to change. */
  readonly allocationTtlMs: number
}

interface Read {
  readonly state: QueueState
  readonly revision: Revision
}

/** Looks at the queue's document and says what this consumer is to do. */
export class Watcher {
  readonly #options: WatcherOptions
  readonly #trouble: TroubleLog
  #memory: Memory = unaware
  #state: QueueState | undefined
  #read: Read | undefined

  constructor(options: WatcherOptions) {
    this.#options = options
    this.#trouble = new TroubleLog(options.log, "the queue's document could not be read")
  }

  get obeyed(): Order | undefined {
    return this.#memory.obeyed
  }

  /** What the last look has read; undefined where it read nothing, or nothing that is believed. */
  get document(): Read | undefined {
    return this.#memory.doubt === undefined ? this.#read : undefined
  }

  /** The rollout that runs, as far as is known. */
  get rollout(): string | undefined {
    return this.#state && runningRollout(this.#state)?.id
  }

  /** Whether a canary takes messages by permits, as far as is known. */
  get hasTrial(): boolean {
    return this.rollout !== undefined && this.#state?.allocations.canary.kind === 'throttled'
  }

  /** Time until the next look: as the document says while a rollout runs, within reason. */
  get lookMs(): number {
    if (this.rollout === undefined) return restMs
    return Math.min(restMs, Math.max(quickestLookMs, this.#state?.allocations.lookMs ?? restMs))
  }

  /** How messages that begin now are counted; undefined where nobody compares. */
  get cohorts(): { readonly current: number; readonly closed: number } | undefined {
    const clock = this.rollout === undefined ? undefined : this.#state?.rollout?.comparison?.clock
    return clock && { current: clock.current.number, closed: clock.progress.closed }
  }

  /** At this moment: an allocation that has grown old is none. */
  duty(): Assignment {
    return duty(this.#memory, this.#options.clock.now(), this.#options.allocationTtlMs)
  }

  /** One look. Never rejects: what could not be read changes nothing, until what is known has grown old. */
  async look(): Promise<void> {
    this.#read = undefined
    try {
      if (await this.#readOnce()) await this.#readOnce()
      this.#trouble.over()
    } catch (error) {
      if (isQueueCanaryError(error, 'RECORD_INVALID')) this.#take({ kind: 'invalid' })
      this.#trouble.met(error)
    }
  }

  /**
   * Resolves to true where there was no document, and is one now. An answer is as old as its question: one that was asked for before this process
   * stood still says nothing of now.
   */
  async #readOnce(): Promise<boolean> {
    const { records, clock, allocationTtlMs } = this.#options
    const askedAt = clock.now()
    const found = await records.readState()
    if (clock.now() - askedAt > allocationTtlMs) return false
    if (found === undefined) return this.#meetNone()
    this.#take({ kind: 'document', state: found.state }, askedAt)
    this.#read = found
    return false
  }

  /** The version that registers first is in charge. True when there is a document now. */
  async #meetNone(): Promise<boolean> {
    const { records, self, registers, newId, log } = this.#options
    if (this.#state !== undefined) {
      this.#take({ kind: 'missing' })
      return this.#writeAnew()
    }
    if (!registers) return false
    const isFirst = (await records.writeState(createQueueState(newId(), self.version), undefined)) !== undefined
    if (isFirst) log.info({}, 'the queue was not known: this version has registered as the one in charge')
    return true
  }

  /** Of a document that was lost with a trial in it, a consumer in charge writes what stands: retired versions stay retired. */
  async #writeAnew(): Promise<boolean> {
    const { records, self, newId } = this.#options
    const last = this.#state
    if (last === undefined || this.#memory.assignment.kind !== 'stream' || last.stable !== self.version) return false
    const { previous, tombstones } = last
    const fresh = { ...createQueueState(newId(), self.version), previous, tombstones }
    return (await records.writeState(fresh, undefined)) !== undefined
  }

  #take(look: Look, askedAt = this.#options.clock.now()): void {
    const before = this.#memory
    this.#memory = obey(before, look, this.#options.self, { askedAt, heardAt: this.#options.clock.now() })
    if (look.kind === 'document' && this.#memory.doubt === undefined) this.#state = look.state
    const { doubt, obeyed } = this.#memory
    if (doubt !== undefined && doubt !== before.doubt) this.#options.log.error({ doubt, obeyed }, explanations[doubt])
    const isNew = before.obeyed !== undefined && obeyed?.generation !== before.obeyed.generation
    if (isNew)
      this.#options.log.warn(
        { obeyed },
        'the store was emptied or replaced: a new document is obeyed, what the old one said is lost',
      )
  }
}

/** Without a rollout there is little to learn. */
export const restMs = 1_000

const explanations: Readonly<Record<Doubt, string>> = {
  older:
    'the store answers with less than was obeyed: a canary takes nothing until the document is newer than what was obeyed; a stable consumer goes on',
  contradiction:
    'two documents of the same order contradict each other: a canary takes nothing until a newer one comes; a stable consumer goes on',
  generation:
    'another document asks for something new: it is not obeyed. Restart the workers, or start a rollout, if that is what you want',
  missing: 'the document of the queue is gone from the store: a canary takes nothing; a stable consumer goes on',
  invalid: 'the document of the queue cannot be understood: a canary takes nothing; a stable consumer goes on',
}
