import type { Clock } from '../contracts/clock.ts'
import type { QueueStatus } from '../status/queue-status.ts'
import { Patience } from './patience.ts'

export interface Follow<T> {
  /** Reads what is followed; trouble that may pass is waited out for a while. */
  readonly read: () => Promise<T>
  readonly onValue: (value: T) => void
  readonly isOver: (value: T) => boolean
  /** Hears a sentence when trouble has lasted a while, and one when it is over. */
  readonly onTrouble?: (note: string) => void
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

/** Looks again and again until it is over, the time is up or the user has seen enough. */
export async function follow<T>(options: Follow<T>): Promise<Followed<T>> {
  const { clock, signal } = options
  const end = clock.now() + (options.timeoutMs ?? Infinity)
  const patience = new Patience(clock, options.onTrouble)
  while (!signal.aborted) {
    try {
      const value = await options.read()
      patience.answered()
      options.onValue(value)
      if (options.isOver(value)) return { kind: 'over', value }
    } catch (error) {
      patience.failed(error)
    }
    const left = end - clock.now()
    if (left <= 0) return { kind: 'timedOut' }
    await clock.sleep(Math.min(options.everyMs, left), signal)
  }
  return { kind: 'interrupted' }
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
