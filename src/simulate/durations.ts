import { noDurations } from '../core/evidence/duration-window.ts'
import type { DurationWindow } from '../core/evidence/duration-window.ts'
import { durationOf, lastBucket } from '../core/evidence/histogram.ts'
import type { Histogram } from '../core/evidence/histogram.ts'
import type { Random } from './random.ts'
import { binomial } from './samplers.ts'

/** Log-normal durations of handlers, as the buckets that they fall into. */
export class Durations {
  readonly #first: number
  /** The part of durations in each bucket from the first. */
  readonly #parts: readonly number[]
  /** For drawing one at a time. */
  readonly #pool: Uint8Array
  /** What is being drawn, by the index of its part; nothing but zeros between two draws. */
  readonly #drawn: number[]

  constructor(meanMs: number) {
    const middle = Math.log(meanMs) - deviation ** 2 / 2
    const below = (bucket: number) => normalBelow((Math.log(durationOf(bucket + 0.5)) - middle) / deviation)
    const parts = Array.from(
      { length: lastBucket + 1 },
      (_, bucket) => below(bucket) - (bucket === 0 ? 0 : below(bucket - 1)),
    )
    this.#first = Math.max(
      0,
      parts.findIndex((part) => part > negligible),
    )
    const used = parts.slice(this.#first, parts.findLastIndex((part) => part > negligible) + 1)
    const whole = used.reduce((sum, part) => sum + part, 0)
    this.#parts = used.map((part) => part / whole)
    this.#pool = poolOf(this.#parts)
    this.#drawn = this.#parts.map(() => 0)
  }

  /** Of `messages`, how many are expected in each bucket. */
  expected(messages: number): Histogram {
    return histogramOf({ first: this.#first, counts: this.#parts.map((part) => part * messages) })
  }

  /** The durations of so many messages: drawn one at a time while they are few, else bucket by bucket. */
  draw(messages: number, random: Random): DurationWindow {
    if (messages <= 0) return noDurations
    if (messages < messagesPerBucket * this.#parts.length) this.#drawEach(messages, random)
    else this.#drawTogether(messages, random)
    return this.#takeDrawn()
  }

  #drawEach(messages: number, random: Random): void {
    const drawn = this.#drawn
    const pool = this.#pool
    for (let message = 0; message < messages; message += 2) {
      // The 32 bits of one number are good for two draws.
      const bits = random() * 2 ** 32
      add(drawn, pool[bits >>> (32 - resolutionBits)] ?? 0, 1)
      if (message + 1 < messages) add(drawn, pool[bits & (resolution - 1)] ?? 0, 1)
    }
  }

  #drawTogether(messages: number, random: Random): void {
    let [left, open] = [messages, 1]
    for (let index = 0; left > 0 && index < this.#parts.length; index++) {
      const part = this.#parts[index] ?? 0
      const count = binomial(left, part / open, random)
      add(this.#drawn, index, count)
      left -= count
      open = Math.max(open - part, part)
    }
  }

  #takeDrawn(): DurationWindow {
    const drawn = this.#drawn
    let [start, end] = [0, drawn.length]
    while (drawn[start] === 0) start++
    while (drawn[end - 1] === 0) end--
    const counts = drawn.slice(start, end)
    drawn.fill(0, start, end)
    return { first: this.#first + start, counts }
  }
}

export function histogramOf({ first, counts }: DurationWindow): Histogram {
  const histogram: Record<number, number> = {}
  for (const [index, count] of counts.entries()) if (count > 0) histogram[first + index] = count
  return histogram
}

const deviation = 0.7
const negligible = 1e-6
const messagesPerBucket = 4
/** Drawn one at a time, durations have chances that are multiples of one part in so many: a pool that stays in the processor's nearest cache. */
const resolutionBits = 14
const resolution = 2 ** resolutionBits

function add(counts: number[], index: number, count: number): void {
  counts[index] = (counts[index] ?? 0) + count
}

/** The index that each of `resolution` equal chances means, so that a draw is one look into it. */
function poolOf(parts: readonly number[]): Uint8Array {
  let [index, below] = [0, parts[0] ?? 1]
  return Uint8Array.from({ length: resolution }, (_, chance) => {
    while (index < parts.length - 1 && (chance + 0.5) / resolution > below) below += parts[++index] ?? 0
    return index
  })
}

/** The normal distribution function, to 1e-7 (Abramowitz and Stegun 26.2.17). */
function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const above = (series * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
  return x < 0 ? above : 1 - above
}
