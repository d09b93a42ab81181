import type { ConsumerName } from '../consumers/consumer.ts'

/** What one consumer process is told to be. Plain data: it travels as an argument of the process. */
export interface ConsumerSpec {
  readonly consumer: ConsumerName
  readonly url: string
  readonly queue: string
  readonly prefetch: number
  /** Most handlers at a time. The peers take it from the prefetch. */
  readonly concurrency: number
  /** 0: an async handler that does nothing. */
  readonly handlerMs: number
  /** Notes for each message how long it waited between its publication (header `sentAtHeader`) and the start of its handler. */
  readonly waits: boolean
  readonly release: ReleaseSpec | undefined
}

/** The part of a process in a release: only for this framework. */
export interface ReleaseSpec {
  readonly version: string
  /** File of the shared SQLite store; undefined: a memory store of its own. */
  readonly database: string | undefined
  /** Hosts the canary version beside its own, and opens its rollout with this weight (percent). */
  readonly soloWeight: number | undefined
}

/** Moment of publication in milliseconds of the machine's monotonic clock, which all of its processes share. */
export const sentAtHeader = 'x-bench-sent-at'

export type FromParent = { readonly kind: 'open' } | { readonly kind: 'finish' }

export type FromConsumer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly handled: number }
  | { readonly kind: 'reading'; readonly reading: Reading }

/** What a consumer process measured between the opening of the gate and the last message it handled. */
export interface Reading {
  readonly handled: number
  /** Monotonic milliseconds of the machine. */
  readonly openedAt: number
  readonly lastAt: number
  readonly cpuMicros: number
  /** Highest resident size of the process while it consumed, and its heap in use at the end after a collection, in MiB. */
  readonly memoryMib: number
  readonly heapMib: number
  /** Milliseconds; empty unless asked for. */
  readonly waits: Float64Array
}

/** Milliseconds of the machine's monotonic clock. */
export function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
