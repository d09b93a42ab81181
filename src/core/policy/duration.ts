import { describeValue } from '../schema/describe-problem.ts'
import type { Reader } from '../schema/reader.ts'
import { parsed } from '../schema/scalars.ts'

export interface DurationOptions {
  /** Inclusive, as they would be written; defaults `0s` and `365d`. */
  readonly min?: string
  readonly max?: string
}

/** Reads `500ms`, `30s`, `1.5m`, `2h`, `3d` as whole milliseconds. */
export function duration(options: DurationOptions = {}): Reader<number> {
  const { min = '0s', max = '365d' } = options
  const [leastMs, mostMs] = [parseDuration(min) ?? 0, parseDuration(max) ?? longestMs]
  return parsed({
    expected: `a duration from ${min} to ${max} (units ms, s, m, h, d)`,
    pattern,
    parse: (text) => {
      const ms = parseDuration(text)
      return ms !== undefined && ms >= leastMs && ms <= mostMs ? ms : undefined
    },
    describeFound: (value) => (typeof value === 'number' ? `${value} without a unit` : describeValue(value)),
  })
}

/** Milliseconds, or undefined for anything but a duration of whole milliseconds up to 365 days. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = pattern.exec(text) ?? []
  const size = units.find(([name]) => name === unit)?.[1]
  if (size === undefined) return undefined
  const exact = Number(amount) * size
  const ms = Math.round(exact)
  return Math.abs(exact - ms) < 1e-3 && ms <= longestMs ? ms : undefined
}

/** The shortest text that `parseDuration` reads as exactly `ms`: in the largest unit that divides it. */
export function formatDuration(ms: number): string {
  const [name, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? (ms === 0 ? seconds : milliseconds)
  return `${ms / size}${name}`
}

/** For people: `1h 30m 10s`. */
export function spellDuration(ms: number): string {
  let rest = Math.round(ms)
  const parts = units.flatMap(([name, size]) => {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    return amount > 0 ? [`${amount}${name}`] : []
  })
  return parts.length > 0 ? parts.join(' ') : '0s'
}

const milliseconds = ['ms', 1] as const
const seconds = ['s', 1000] as const
/** Largest first. */
const units = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], seconds, milliseconds] as const
const longestMs = 365 * 86_400_000
const pattern = /^(\d{1,11}(?:\.\d{1,3})?)(ms|s|m|h|d)$/
