import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { Appointment } from './timeline.ts'

/** The process whose code runs, as far as the sandbox must know. */
export interface Inmate {
  readonly clock: { now(): number; wall(): number }
  readonly random: () => number
  after(ms: number, act: () => void): Appointment
}

let inmate: Inmate | undefined

/** Runs code of a process, and all that it leads to without waiting for anything. */
export function inSandbox(next: Inmate, act: () => void): void {
  inmate = next
  act()
  settle()
  inmate = undefined
}

/** Everything that is runnable runs: microtasks and next ticks, until there is none. Works outside of microtasks only. */
export function settle(): void {
  drainTasks()
}

const drainTasks = taskDrain()

function taskDrain(): () => void {
  const drain: unknown = Reflect.get(process, '_tickCallback')
  if (typeof drain === 'function') return () => void Reflect.apply(drain, process, [])
  throw new Error('this Node has no process._tickCallback: the simulation cannot know when nothing is runnable')
}

function current(what: string): Inmate {
  if (inmate !== undefined) return inmate
  throw new Error(`${what} was used outside of a simulated process: the run could not be replayed`)
}

/**
 * Takes real time, timers and randomness away from everything in this process, for good. Code that does not ask its `Clock` gets the virtual time of
 * the process that it runs in, and code that runs in none an error.
 */
export function closeSandbox(): void {
  const require = createRequire(import.meta.url)
  const RealDate = Date
  class VirtualDate extends RealDate {
    constructor(...args: readonly [] | readonly [value: number | string | Date]) {
      super(args.length === 0 ? VirtualDate.now() : args[0])
    }

    static override now(): number {
      return current('Date').clock.wall()
    }
  }
  const setTimer = (act: () => void, ms = 0): Appointment & { ref(): void; unref(): void } => {
    const timer = current('setTimeout').after(ms, act)
    return Object.assign(timer, { ref: () => undefined, unref: () => undefined })
  }
  const clearTimer = (timer: Appointment | undefined): void => timer?.cancel()
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(current('randomness').random() * 16).toString(16)).join('')
  Object.assign(globalThis, {
    Date: VirtualDate,
    setTimeout: setTimer,
    clearTimeout: clearTimer,
    setImmediate: (act: () => void) => setTimer(act),
    clearImmediate: clearTimer,
    setInterval: () => refuse('setInterval'),
  })
  Object.defineProperty(globalThis, 'performance', {
    configurable: true,
    value: { now: () => current('performance.now').clock.now() },
  })
  Math.random = () => current('Math.random').random()
  Object.assign(require('node:crypto'), {
    randomUUID: () => [8, 4, 4, 4, 12].map(hex).join('-'),
    randomBytes: (size: number) => Buffer.from(hex(2 * size), 'hex'),
  })
  Object.assign(require('node:perf_hooks'), { monitorEventLoopDelay: () => punctualLoop })
  syncBuiltinESMExports()
}

function refuse(what: string): never {
  throw new Error(`${what} has no place in a simulated process`)
}

/** The event loop of a simulated process is as late as its container says, and that is not measured. */
const punctualLoop = {
  count: 0,
  percentile: () => 0,
  enable: () => true,
  disable: () => true,
  reset: () => undefined,
}
