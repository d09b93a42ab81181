import type { Clock } from '../../../src/contracts/clock.ts'
import type { Random } from '../../../src/simulate/random.ts'
import { inSandbox } from './sandbox.ts'
import type { Appointment, Timeline } from './timeline.ts'

export interface ContainerOptions {
  readonly name: string
  readonly timeline: Timeline
  readonly random: Random
  /** Local milliseconds in one of the world's. @default 1 */
  readonly clockRate?: number
  /** How far its wall clock is off. @default 0 */
  readonly wallOffsetMs?: number
}

/** What stands still with a process that is paused: it alone (SIGSTOP), or its machine and the monotonic clock too. */
export type Pause = 'process' | 'machine'

/** No sleep is shorter: numbers that are rounded must not make one that never ends. */
const leastMs = 0.001
const wallEpoch = Date.UTC(2030, 0, 1)

/**
 * A process of the world: everything that reaches its code (time, network) goes through `receive`. While it is paused nothing does; once it is
 * dead nothing ever will.
 */
export class Container {
  readonly name: string
  readonly random: Random
  readonly clock: Clock
  readonly #timeline: Timeline
  readonly #rate: number
  readonly #origin: number
  #wallOffsetMs: number
  #state: 'running' | 'paused' | 'dead' = 'running'
  #pausedAt: number | undefined
  #pausedMs = 0
  #held: (() => void)[] = []
  #lagMs = 0
  #busyUntil = 0
  #frozenMs = 0
  #frozenSince: number | undefined
  readonly #sleepers = new WeakMap<AbortSignal, Set<() => void>>()
  readonly #deaths: (() => void)[] = []

  constructor({ name, timeline, random, clockRate = 1, wallOffsetMs = 0 }: ContainerOptions) {
    this.name = name
    this.random = random
    this.#timeline = timeline
    this.#rate = clockRate
    this.#wallOffsetMs = wallOffsetMs
    this.#origin = Math.floor(random() * 1e6)
    this.clock = {
      now: () => this.#local(),
      wall: () => wallEpoch + this.#timeline.now + this.#wallOffsetMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    }
  }

  get state(): 'running' | 'paused' | 'dead' {
    return this.#state
  }

  get isAlive(): boolean {
    return this.#state !== 'dead'
  }

  /** Runs code of this process as soon as the process runs. */
  receive(act: () => void): void {
    if (this.#state === 'dead') return
    if (this.#state === 'paused') this.#held.push(act)
    else if (this.#lagMs === 0 && this.#timeline.now >= this.#busyUntil) this.#run(act)
    else this.#timeline.at(this.#busy(), () => this.#run(act))
  }

  after(ms: number, act: () => void): Appointment {
    return this.#timeline.after(ms / this.#rate, () => this.receive(act))
  }

  /** Milliseconds of the world's time that it was not paused. */
  get ranMs(): number {
    return (this.#pausedAt ?? this.#timeline.now) - this.#pausedMs
  }

  pause(kind: Pause): void {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    this.#pausedAt = this.#timeline.now
    if (kind === 'machine') this.#frozenSince = this.#timeline.now
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#pausedMs += this.#timeline.now - (this.#pausedAt ?? this.#timeline.now)
    this.#pausedAt = undefined
    if (this.#frozenSince !== undefined) this.#frozenMs += this.#timeline.now - this.#frozenSince
    this.#frozenSince = undefined
    this.#state = 'running'
    const held = this.#held
    this.#held = []
    for (const act of held) this.#timeline.after(0, () => this.receive(act))
  }

  /** The event loop is late by up to this. */
  lag(ms: number): void {
    this.#lagMs = ms
  }

  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** To be told when it dies. */
  onDeath(act: () => void): void {
    this.#deaths.push(act)
  }

  kill(): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#held = []
    for (const act of this.#deaths) act()
  }

  /** Late, and in order. */
  #busy(): number {
    this.#busyUntil = Math.max(this.#busyUntil, this.#timeline.now + this.random() * this.#lagMs)
    return this.#busyUntil
  }

  #run(act: () => void): void {
    if (this.#state === 'running') inSandbox(this, act)
    else if (this.#state === 'paused') this.#held.push(act)
  }

  #local(): number {
    const stands = this.#frozenSince === undefined ? 0 : this.#timeline.now - this.#frozenSince
    return this.#origin + (this.#timeline.now - this.#frozenMs - stands) * this.#rate
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = this.#local() + Math.max(0, ms)
    let timer: Appointment | undefined
    const sleepers = signal && this.#sleepersOf(signal)
    const wake = (): void => {
      timer?.cancel()
      sleepers?.delete(wake)
      resolve()
    }
    const look = (): void => {
      if (this.#local() >= end) wake()
      else timer = this.after(Math.max(leastMs, end - this.#local()), look)
    }
    sleepers?.add(wake)
    if (Number.isFinite(end)) timer = this.after(Math.max(leastMs, ms), look)
    return promise
  }

  /** One listener for all that sleep until a signal: adding one for each sleep would be most of the work. */
  #sleepersOf(signal: AbortSignal): Set<() => void> {
    const known = this.#sleepers.get(signal)
    if (known !== undefined) return known
    const sleepers = new Set<() => void>()
    this.#sleepers.set(signal, sleepers)
    signal.addEventListener('abort', () => {
      for (const wake of sleepers) wake()
    })
    return sleepers
  }
}
