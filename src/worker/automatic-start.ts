import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Revision } from '../contracts/store.ts'
import { freezeAt } from '../core/policy/freeze.ts'
import type { Policy } from '../core/policy/policy.ts'
import { standingOf } from '../core/rollout/newcomer.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { startRollout } from '../core/rollout/start.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import { TroubleLog } from './trouble-log.ts'

/** A policy and the digest that it is pinned under. */
export interface PinnedPolicy {
  readonly policy: Policy
  readonly digest: string
}

interface Document {
  readonly state: QueueState
  readonly revision: Revision
}

export interface AutomaticStartOptions {
  readonly records: Pick<QueueRecords, 'writeState' | 'writePolicy'>
  readonly version: string
  readonly pinned: PinnedPolicy
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly newId: () => string
}

/** Of many workers that meet a version at once most see that another one has started it before their own time comes. */
const spreadMs = 2_000

/**
 * Starts a rollout of the consumer's own version where that is new to the store. It looks at the document that the consumer has just read, and
 * compare-and-set lets one of all workers win: asking again, or losing an answer, starts nothing twice.
 */
export class AutomaticStart {
  readonly #options: AutomaticStartOptions
  readonly #trouble: TroubleLog
  #dueAt: number | undefined
  #said: string | undefined

  constructor(options: AutomaticStartOptions) {
    this.#options = options
    this.#trouble = new TroubleLog(options.log, 'the rollout of the new version could not be started')
  }

  /** To be called with each document that is believed. A consumer that is not ready starts nothing. Never rejects. */
  async consider({ state, revision }: Document, isReady: boolean): Promise<void> {
    const { version } = this.#options
    const standing = standingOf(state, version)
    if (standing.kind === 'new') return isReady ? this.#startInTime({ state, revision }) : undefined
    this.#dueAt = undefined
    if (standing.kind === 'known') this.#compare(state)
    else if (standing.kind === 'waits') this.#say(`${version} is new and waits: ${standing.why}`)
    else this.#say(standing.why)
  }

  async #startInTime(document: Document): Promise<void> {
    const { clock, random } = this.#options
    this.#dueAt ??= clock.now() + random() * spreadMs
    if (clock.now() >= this.#dueAt) await this.#start(document)
  }

  async #start({ state, revision }: Document): Promise<void> {
    const { records, version, pinned, clock, log, newId } = this.#options
    const { policy, digest } = pinned
    const at = new Date(clock.wall()).toISOString()
    const why = `${version} is new: a rollout in place of ${state.stable} has started by itself`
    const wish = { id: newId(), canary: version, policyDigest: digest, at, force: false, why }
    const started = startRollout(state, { ...wish, freeze: freezeAt(policy.freeze, clock.wall()) })
    if (!started.ok) return this.#say(started.why)
    try {
      await records.writePolicy(digest, policy)
      if ((await records.writeState(started.state, revision)) !== undefined) log.info({ digest }, why)
      this.#trouble.over()
    } catch (error) {
      this.#trouble.met(error)
    }
  }

  /** The file of the worker that was first holds, as it does for a rollout that a person has started. */
  #compare({ rollout }: QueueState): void {
    const { version, pinned } = this.#options
    if (rollout?.canary !== version || rollout.policyDigest === pinned.digest) return
    const text = `the rollout of ${version} has another policy (${rollout.policyDigest}) than this worker would start it by (${pinned.digest})`
    this.#say(text)
  }

  #say(text: string): void {
    if (this.#said === text) return
    this.#said = text
    this.#options.log.info({}, text)
  }
}
