import { setTimeout as sleep } from 'node:timers/promises'
import { QueueCanaryError } from '../../../src/errors.ts'
import { untilAborted } from './abortable.ts'

/** Two tries fit into the five seconds that a lease and an allocation live. */
export const defaultDeadlineMs = 2_000

/** How a store's server is reached, in terms of its driver's connection. */
export interface Driver<C> {
  /** How messages name the store; never a credential. */
  readonly name: string
  /** Connects and checks that the server is fit. Once the signal aborts nobody waits for it: it stops and leaves nothing behind. */
  readonly connect: (signal: AbortSignal) => Promise<C>
  /** False once the connection has ended by itself. */
  readonly isAlive: (connection: C) => boolean
  /** Ends it, within a second: of what is under way nothing more is sent, and the server is asked to give it up where it would not notice. Never throws. */
  readonly discard: (connection: C) => void
  /** Ends it when what is under way has been answered. */
  readonly finish: (connection: C) => Promise<void>
  readonly explain: (error: unknown) => Trouble
}

export interface Trouble {
  readonly code: 'STORE_UNREACHABLE' | 'STORE_REFUSED'
  /** What was found and what to do, to follow the store's name. */
  readonly text: string
  /** True where another connection may fare better than this one. */
  readonly anew: boolean
  /** True of a server that is not the primary: where the store has worked before, a failover is under way, and it is tried again. */
  readonly isStandby?: boolean
}

/** One connection that all calls share: made at the first call, and anew by the next call after it broke. */
export interface Session<C> {
  /**
   * Runs one exchange with the server. Rejects with `STORE_UNREACHABLE` at the deadline at the latest; then the connection is given up, so that
   * nothing of the exchange is sent later. What had been sent may have been done all the same.
   */
  run<T>(exchange: (connection: C) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Connections are tried at intervals that double, with full jitter: many workers lose one server at the same moment. */
const backoff = { firstMs: 50, longestMs: 1_000 }

export function createSession<C extends object>(driver: Driver<C>, deadlineMs: number): Session<C> {
  return new SharedSession(driver, deadlineMs)
}

class SharedSession<C extends object> implements Session<C> {
  readonly #driver: Driver<C>
  readonly #deadlineMs: number
  readonly #givenUp = new WeakMap<C, Trouble>()
  #connection: C | undefined
  #connecting: Promise<C> | undefined
  #closing: Promise<void> | undefined
  readonly #ended = new AbortController()
  #failures = 0
  #hasWorked = false
  #notBefore = 0

  constructor(driver: Driver<C>, deadlineMs: number) {
    this.#driver = driver
    this.#deadlineMs = deadlineMs
  }

  async run<T>(exchange: (connection: C) => Promise<T>): Promise<T> {
    if (this.#ended.signal.aborted) throw this.#error('STORE_REFUSED', 'was closed: open a new one')
    let used: C | undefined
    let isOver = false
    const working = (async () => {
      const connection = await this.#connected()
      if (isOver) throw silence
      used = connection
      const answer = await exchange(used)
      this.#failures = 0
      this.#hasWorked = true
      return answer
    })()
    try {
      return await this.#inTime(working)
    } catch (error) {
      throw this.#failed(error, used)
    } finally {
      isOver = true
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end())
  }

  async #end(): Promise<void> {
    this.#ended.abort()
    await this.#connecting?.catch(() => undefined)
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) return
    await this.#inTime(this.#driver.finish(connection)).catch(() => undefined)
    this.#driver.discard(connection)
  }

  #connected(): Promise<C> | C {
    const connection = this.#connection
    if (connection !== undefined && this.#driver.isAlive(connection)) return connection
    if (connection !== undefined) this.#giveUp(connection, lost)
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined))
    return this.#connecting
  }

  async #connect(): Promise<C> {
    const pauseMs = Math.max(0, this.#notBefore - performance.now())
    await sleep(pauseMs, undefined, { signal: this.#ended.signal })
    const given = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(this.#deadlineMs)])
    try {
      const connection = await untilAborted(given, this.#driver.connect(given), this.#driver.discard)
      this.#connection = connection
      return connection
    } catch (error) {
      this.#putOff()
      throw given.aborted && !this.#ended.signal.aborted ? silence : error
    }
  }

  #putOff(): void {
    const mostMs = Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(this.#failures, 10))
    this.#failures++
    this.#notBefore = performance.now() + Math.random() * mostMs
  }

  async #inTime<T>(working: Promise<T>): Promise<T> {
    const over = new AbortController()
    try {
      return await Promise.race([working, timeIsOver(this.#deadlineMs, over.signal)])
    } finally {
      over.abort()
    }
  }

  #failed(error: unknown, used: C | undefined): QueueCanaryError {
    if (this.#ended.signal.aborted) return this.#error('STORE_REFUSED', 'was closed: open a new one', error)
    if (error instanceof QueueCanaryError) return error
    // one call's trouble ended the connection of all
    const known = used && this.#givenUp.get(used)
    const trouble = known ?? (error === silence ? this.#silent(used) : this.#driver.explain(error))
    if (trouble.anew && used !== undefined) this.#giveUp(used, trouble)
    const isFailover = trouble.isStandby === true && this.#hasWorked
    return this.#error(isFailover ? 'STORE_UNREACHABLE' : trouble.code, trouble.text, error)
  }

  #silent(used: C | undefined): Trouble {
    const text =
      used === undefined
        ? `could not be connected to within ${this.#deadlineMs} ms`
        : `did not answer within ${this.#deadlineMs} ms; what was asked for may have been done all the same`
    return { code: 'STORE_UNREACHABLE', text, anew: true }
  }

  #giveUp(connection: C, trouble: Trouble): void {
    if (this.#connection === connection) {
      this.#connection = undefined
      this.#putOff()
    }
    this.#givenUp.set(connection, trouble)
    this.#driver.discard(connection)
  }

  #error(code: Trouble['code'], text: string, cause?: unknown): QueueCanaryError {
    return new QueueCanaryError(code, `the store ${this.#driver.name} ${text}`, { cause })
  }
}

const lost: Trouble = { code: 'STORE_UNREACHABLE', text: 'closed the connection', anew: true }
const silence = new Error('no answer in time')

/**
 * Rejects when the time is over. A process that stood still meanwhile has not looked for the answer: it gets the time that it missed once more.
 */
async function timeIsOver(ms: number, signal: AbortSignal): Promise<never> {
  const due = performance.now() + ms
  await sleep(ms, undefined, { signal })
  const missedMs = performance.now() - due
  if (missedMs > toleratedLagMs) await sleep(Math.min(missedMs, ms), undefined, { signal })
  throw silence
}

const toleratedLagMs = 20
