import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'

/**
 * Exponential with full jitter: uniform between 0 and a bound that doubles from 100 ms to 15 s. It starts over when something lived clearly
 * longer than the wait before it, and at least a second.
 */
export class Backoff {
  #bound = 0
  readonly #longest: number
  readonly #random: () => number

  /** `longest` in milliseconds. */
  constructor({ longest = 15_000, random = Math.random }: { longest?: number; random?: () => number } = {}) {
    this.#longest = longest
    this.#random = random
  }

  /** The delay before the next try, after one that lived for `livedMs`. */
  next(livedMs: number): number {
    const proven = Math.min(10_000, Math.max(1_000, 2 * this.#bound))
    this.#bound = livedMs >= proven || this.#bound === 0 ? 100 : Math.min(this.#longest, 2 * this.#bound)
    return this.#random() * this.#bound
  }
}

/** The work's outcome, or `TIMED_OUT` after `ms`; the work itself goes on, its late failure is swallowed. */
export async function withDeadline<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T> {
  const done = new AbortController()
  const outcome = work.then((value) => ({ value }))
  try {
    const first = await Promise.race([outcome, clock.sleep(ms, done.signal)])
    if (typeof first === 'object') return first.value
    outcome.catch(() => undefined)
    throw new QueueCanaryError('TIMED_OUT', `no answer within ${ms} ms`)
  } finally {
    done.abort(over)
  }
}

/** An abort that is given no reason makes an error with a stack trace: the dearest part of a quick call. */
const over = 'over'

const longestTimer = 2 ** 31 - 1

/** Real time, for callers that bring no clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  async sleep(ms, signal) {
    const end = performance.now() + ms
    for (let left = ms; left > 0 && signal?.aborted !== true; left = end - performance.now()) {
      await timer(Math.min(left, longestTimer), signal)
    }
  },
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(handle)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const handle = setTimeout(finish, ms)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
