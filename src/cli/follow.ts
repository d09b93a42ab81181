import type { Clock } from '../contracts/clock.ts'
import { isQueueCanaryError } from '../errors.ts'
import type { QueueStatus } from '../status/queue-status.ts'

export interface Follow<T> {
  /** Reads what is followed; trouble that may pass is waited out for a while. */
  readonly read: () => Promise<T>
  readonly onValue: (value: T) => void
  readonly isOver: (value: T) => boolean
  readonly clock: Clock
  readonly everyMs: number
  readonly timeoutMs: number | undefined
  /** Ends the following early. */
  readonly signal: AbortSignal
}

export type Followed<T> =
  | { readonly kind: 'over'; readonly value: T }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'interrupted' }

/**
 * A store that does not answer for this long ends the following with its error: a restart or a failover is waited out, and so is a disk that is full
 * for a while, where a store that has answered refuses.
 */
const patienceMs = 120_000
/** A document that was there and is gone: some worker writes down again what it knows of it, if one lives. */
const goneMs = 10_000

/** Looks again and again until it is over, the time is up or the user has seen enough. */
export async function follow<T>(options: Follow<T>): Promise<Followed<T>> {
  const { clock, signal } = options
  const end = clock.now() + (options.timeoutMs ?? Infinity)
  let answeredAt = clock.now()
  let hasAnswered = false
  while (!signal.aborted) {
    try {
      const value = await options.read()
      answeredAt = clock.now()
      hasAnswered = true
      options.onValue(value)
      if (options.isOver(value)) return { kind: 'over', value }
    } catch (error) {
      if (clock.now() - answeredAt >= patienceWith(error, hasAnswered)) throw error
    }
    const left = end - clock.now()
    if (left <= 0) return { kind: 'timedOut' }
    await clock.sleep(Math.min(options.everyMs, left), signal)
  }
  return { kind: 'interrupted' }
}

function patienceWith(error: unknown, hasAnswered: boolean): number {
  if (!isQueueCanaryError(error)) return 0
  if (hasAnswered && error.code === 'NOT_FOUND') return goneMs
  return error.retryable || (hasAnswered && error.code === 'STORE_REFUSED') ? patienceMs : 0
}

/** A coordinator writes at least every second. */
const stillMs = 15_000

/** Says once when nobody writes to a queue whose rollout should move. */
export function stillnessWatch(clock: Clock, onNote: (note: string) => void): (status: QueueStatus) => void {
  let seen = ''
  let changedAt = clock.now()
  let said = false
  return ({ generation, epoch, sequence }) => {
    const order = `${generation} ${epoch} ${sequence}`
    if (order !== seen) {
      seen = order
      changedAt = clock.now()
    }
    const still = clock.now() - changedAt
    if (said || still < stillMs) return
    said = true
    onNote(
      `no coordinator has moved this queue for ${Math.round(still / 1_000)} s: check that its workers run and reach the store`,
    )
  }
}
