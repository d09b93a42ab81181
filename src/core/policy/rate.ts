import { describeValue } from '../schema/describe-problem.ts'
import type { Reader } from '../schema/reader.ts'
import { parsed } from '../schema/scalars.ts'

/** Reads `50/s`, `3000/m` or `10/h` as messages a second. */
export function rate(): Reader<number> {
  return parsed({
    expected: 'a rate such as 50/s (per s, m or h)',
    pattern,
    parse: parseRate,
    describeFound: (value) => (typeof value === 'number' ? `${value} without a unit` : describeValue(value)),
  })
}

const pattern = /^(\d{1,9}(?:\.\d{1,6})?)\/(s|m|h)$/
const secondsIn = { s: 1, m: 60, h: 3600 } as const

function parseRate(text: string): number | undefined {
  const [, amount, unit] = pattern.exec(text) ?? []
  return unit === 's' || unit === 'm' || unit === 'h' ? Number(amount) / secondsIn[unit] : undefined
}
