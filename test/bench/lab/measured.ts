import type { Reading } from './protocol.ts'

/** What a crew did to one filled queue. */
export interface Measured {
  readonly perSecond: number
  /** Client CPU of all its processes, a message. */
  readonly cpuMicros: number
  /** Of the process with the most. */
  readonly memoryMib: number
  readonly heapMib: number
}

export function measured(readings: readonly Reading[]): Measured {
  const handled = readings.reduce((sum, reading) => sum + reading.handled, 0)
  const opened = Math.min(...readings.map(({ openedAt }) => openedAt))
  const last = Math.max(...readings.map(({ lastAt }) => lastAt))
  return {
    perSecond: handled / ((last - opened) / 1_000),
    cpuMicros: readings.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / handled,
    memoryMib: Math.max(...readings.map(({ memoryMib }) => memoryMib)),
    heapMib: Math.max(...readings.map(({ heapMib }) => heapMib)),
  }
}
