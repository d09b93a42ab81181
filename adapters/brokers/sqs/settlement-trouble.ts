import type { Clock } from '../../../src/contracts/clock.ts'
import type { Logger } from '../../../src/contracts/logger.ts'
import type { QueueCanaryError } from '../../../src/errors.ts'
import type { Attempt } from './failures.ts'

export interface SettlementTroubleSettings {
  /** The name of the queue that the messages came from. */
  readonly queue: string
  readonly clock: Clock
  readonly log: Logger | undefined
  /** Told of every change; undefined: all is well. */
  readonly onTrouble: (reason: string | undefined) => void
}

interface Failing {
  readonly since: number
  readonly lasts: boolean
  readonly reason: string
}

/**
 * Why messages cannot be deleted, returned or sent on: said when it begins, when it changes and when it is over, not for each message. What may pass
 * at the next try is none before it has failed for a while.
 */
export class SettlementTrouble {
  readonly #settings: SettlementTroubleSettings
  /** By what was attempted. */
  readonly #failing = new Map<string, Failing>()
  #told: string | undefined

  constructor(settings: SettlementTroubleSettings) {
    this.#settings = settings
  }

  failed(attempt: Attempt, { message: reason, retryable }: QueueCanaryError): void {
    const now = this.#settings.clock.now()
    const since = this.#failing.get(keyOf(attempt))?.since ?? now
    this.#failing.set(keyOf(attempt), { since, lasts: !retryable || now - since >= patienceMs, reason })
    this.#tell()
  }

  worked(attempt: Attempt): void {
    if (this.#failing.delete(keyOf(attempt))) this.#tell()
  }

  #tell(): void {
    const { queue, log, onTrouble } = this.#settings
    const lasting = [...this.#failing.values()].filter(({ lasts }) => lasts)
    const reason = lasting.map((failing) => failing.reason).join('; ') || undefined
    if (reason === this.#told) return
    this.#told = reason
    if (reason === undefined) log?.info({ queue }, 'messages are settled again')
    else log?.warn({ queue, reason }, 'messages cannot be settled: they wait here, or come again')
    onTrouble(reason)
  }
}

function keyOf({ queue, action }: Attempt): string {
  return `${action} ${queue}`
}

const patienceMs = 2_000
