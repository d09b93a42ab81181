import type { ConsumerReport, DrainReport } from '../core/rollout/consumer-report.ts'
import type { ConsumerEnd } from './consumer-options.ts'
import { within } from './deadline.ts'
import { Host } from './host.ts'
import { resolveOptions } from './worker-options.ts'
import type { ResolvedOptions, WorkerOptions } from './worker-options.ts'

export interface Worker extends AsyncDisposable {
  /**
   * Begins to consume. Resolves when every hosted version is ready, or has ended; a store or broker that does not answer is waited for (`drain`
   * and `stop` end the wait). Calling it again does nothing.
   */
  start(): Promise<void>
  /** Takes nothing new, lets begun messages end within the drain timeout, signs off. One report per consumer that had started. */
  drain(): Promise<readonly DrainReport[]>
  /** Returns everything at once and ends within a few seconds; also during a drain. */
  stop(): Promise<readonly DrainReport[]>
  /** Resolves when every consumer has ended, by itself or not. Never rejects. */
  readonly done: Promise<WorkerEnd>
  /** The hosted consumers as they are now. */
  snapshot(): readonly ConsumerReport[]
}

export interface WorkerEnd {
  /**
   * `retired`: its versions take no message again. `failed`: a handler could not go on (see `errors`); starting again may help. The first of
   * failed, stopped, drained, retired that happened to a consumer.
   */
  readonly reason: 'retired' | 'drained' | 'stopped' | 'failed'
  readonly drains: readonly DrainReport[]
  readonly errors: readonly unknown[]
}

/** One process's part in a queue: hosts a version, in solo mode two. Throws `USAGE` and `HANDLER_INVALID`. */
export function createWorker<T = unknown, C = T>(options: WorkerOptions<T, C>): Worker {
  return new HostingWorker(resolveOptions(options))
}

/** The part of the drain timeout that is left for signing off and closing. */
const closingShare = 0.2
const longestClosingMs = 6_000
const brokerCloseMs = 5_000

class HostingWorker implements Worker {
  readonly #options: ResolvedOptions
  readonly #hosts: readonly Host[]
  readonly #done = Promise.withResolvers<WorkerEnd>()
  #isRunning = false
  #started: Promise<void> | undefined
  #drained: Promise<readonly DrainReport[]> | undefined
  #stopped: Promise<readonly DrainReport[]> | undefined

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.#hosts = options.hosted.map((hosted) => new Host(options, hosted))
  }

  get done(): Promise<WorkerEnd> {
    return this.#done.promise
  }

  start(): Promise<void> {
    this.#run()
    return (this.#started ??= Promise.all(this.#hosts.map(({ settled }) => settled)).then(() => undefined))
  }

  drain(): Promise<readonly DrainReport[]> {
    const { drainTimeoutMs } = this.#options.limits
    const closingMs = Math.min(longestClosingMs, drainTimeoutMs * closingShare)
    return (this.#drained ??= this.#endWithin(drainTimeoutMs - closingMs, drainTimeoutMs))
  }

  stop(): Promise<readonly DrainReport[]> {
    return (this.#stopped ??= this.#endWithin(0, longestClosingMs))
  }

  snapshot(): readonly ConsumerReport[] {
    return this.#hosts.map((host) => host.snapshot())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain()
  }

  #run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#runAll()
  }

  async #runAll(): Promise<void> {
    const ends = await Promise.all(this.#hosts.map((host, index) => this.#runOne(host, index)))
    const brokers = new Set(this.#options.hosted.map(({ broker }) => broker))
    await within(this.#options.clock, brokerCloseMs, Promise.allSettled([...brokers].map((broker) => broker.close())))
    this.#done.resolve(summarise(ends))
  }

  /** Where the worker's own version cannot go on, the process is of no use: it ends, so that it is started anew. */
  async #runOne(host: Host, index: number): Promise<ConsumerEnd> {
    const end = await host.run()
    if (end.reason === 'failed' && index === 0) void this.drain()
    return end
  }

  async #endWithin(drainMs: number, totalMs: number): Promise<readonly DrainReport[]> {
    const { clock, log } = this.#options
    for (const host of this.#hosts) void host.drain(drainMs)
    this.#run()
    if (!(await within(clock, totalMs, this.done))) {
      log.error({ totalMs }, 'the worker did not end in time; what it holds goes back when its connections close')
      this.#done.resolve({ reason: drainMs > 0 ? 'drained' : 'stopped', drains: this.#reports(), errors: [] })
    }
    return (await this.done).drains
  }

  #reports(): readonly DrainReport[] {
    return this.snapshot().flatMap(({ drain }) => drain ?? [])
  }
}

const worstFirst = ['failed', 'stopped', 'drained', 'retired'] as const

function summarise(ends: readonly ConsumerEnd[]): WorkerEnd {
  return {
    reason: worstFirst.find((reason) => ends.some((end) => end.reason === reason)) ?? 'retired',
    drains: ends.flatMap(({ drain }) => drain ?? []),
    errors: ends.flatMap(({ error }) => (error === undefined ? [] : [error])),
  }
}
