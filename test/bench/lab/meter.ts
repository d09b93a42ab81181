import { setTimeout as sleep } from 'node:timers/promises'
import { machineNow, sentAtHeader } from './protocol.ts'
import type { Reading } from './protocol.ts'

type Headers = Readonly<Record<string, unknown>> | undefined

/**
 * The handler that every consumer in the comparison runs, behind a gate: a consumer connects and fills its prefetch while the gate is shut,
 * so that what is measured begins at the same state for all.
 */
export class Meter {
  readonly #handlerMs: number
  readonly #waits: number[] | undefined
  readonly #opened = Promise.withResolvers<void>()
  #gate: Promise<void> | undefined = this.#opened.promise
  #openedAt = 0
  #openedCpu = process.cpuUsage()
  #handled = 0
  #lastAt = 0
  #memory = 0

  constructor({ handlerMs, waits }: { readonly handlerMs: number; readonly waits: boolean }) {
    this.#handlerMs = handlerMs
    this.#waits = waits ? [] : undefined
  }

  readonly handle = async (headers: Headers): Promise<void> => {
    if (this.#gate !== undefined) await this.#gate
    if (this.#waits !== undefined) this.#noteWait(headers, this.#waits)
    if (this.#handlerMs > 0) await sleep(this.#handlerMs)
    this.#handled += 1
    this.#lastAt = performance.now()
  }

  open(): void {
    this.#openedAt = machineNow()
    this.#openedCpu = process.cpuUsage()
    this.#gate = undefined
    this.#opened.resolve()
  }

  get handled(): number {
    return this.#handled
  }

  /** To be called every few milliseconds: the highest value is the reading. */
  noteMemory(): void {
    this.#memory = Math.max(this.#memory, process.memoryUsage.rss())
  }

  read(): Reading {
    const cpu = process.cpuUsage(this.#openedCpu)
    const sinceLast = performance.now() - this.#lastAt
    const now = machineNow()
    globalThis.gc?.()
    return {
      handled: this.#handled,
      openedAt: this.#openedAt,
      lastAt: now - sinceLast,
      cpuMicros: cpu.user + cpu.system,
      memoryMib: this.#memory / 2 ** 20,
      heapMib: process.memoryUsage().heapUsed / 2 ** 20,
      waits: Float64Array.from(this.#waits ?? []),
    }
  }

  #noteWait(headers: Headers, waits: number[]): void {
    const sentAt = headers?.[sentAtHeader]
    if (typeof sentAt === 'number') waits.push(machineNow() - sentAt)
  }
}
