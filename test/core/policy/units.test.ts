import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duration, formatDuration, parseDuration, spellDuration } from '../../../src/core/policy/duration.ts'
import { formatFraction, formatPercentage, fraction, percentage } from '../../../src/core/policy/percentage.ts'
import { rate } from '../../../src/core/policy/rate.ts'
import { describeProblem } from '../../../src/core/schema/describe-problem.ts'
import { parseWith, peek } from '../../../src/core/schema/reader.ts'
import type { Reader } from '../../../src/core/schema/reader.ts'

function lineOf(reader: Reader<number>, value: unknown): string | undefined {
  const result = parseWith(reader, value)
  return result.ok ? undefined : result.problems.map((problem) => describeProblem(problem, 'value')).join()
}

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['1.5s', 1500],
    ['0.001s', 1],
    ['2.3m', 138_000],
    ['2h', 7_200_000],
    ['30d', 2_592_000_000],
    ['365d', 31_536_000_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
    expect(peek(duration(), text)).toBe(ms)
  })

  it.each([
    '',
    '5',
    '5 s',
    '-5s',
    '+5s',
    '1e3s',
    '.5s',
    '5.s',
    '0.5ms',
    '0.0001s',
    '5S',
    '1h30m',
    '366d',
    '9'.repeat(20) + 'd',
    'Infinityd',
    '5s\n',
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
    expect(lineOf(duration(), text)).toContain(
      'value: expected a duration from 0s to 365d (units ms, s, m, h, d), found "',
    )
  })

  it.each([
    [5, 'value: expected a duration from 1s to 1h (units ms, s, m, h, d), found 5 without a unit'],
    ['999ms', 'value: expected a duration from 1s to 1h (units ms, s, m, h, d), found "999ms"'],
    ['61m', 'value: expected a duration from 1s to 1h (units ms, s, m, h, d), found "61m"'],
    [null, 'value: expected a duration from 1s to 1h (units ms, s, m, h, d), found null'],
    ['60m', undefined],
  ])('%j within bounds: %s', (value, line) => {
    expect(lineOf(duration({ min: '1s', max: '1h' }), value)).toBe(line)
  })

  it('are written as they are read, to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 365 * 86_400_000 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms)
      }),
    )
  })

  it.each([
    [0, '0s', '0s'],
    [1500, '1500ms', '1s 500ms'],
    [90_000, '90s', '1m 30s'],
    [60_000, '1m', '1m'],
    [90_061_001, '90061001ms', '1d 1h 1m 1s 1ms'],
  ])('%d ms is written %s and spelled %s', (ms, written, spelled) => {
    expect([formatDuration(ms), spellDuration(ms)]).toStrictEqual([written, spelled])
  })
})

describe('percentages', () => {
  it.each([
    ['0%', 0, 0],
    ['0.5%', 0.5, 0.005],
    ['0.7%', 0.7, 0.007],
    ['29%', 29, 0.29],
    ['100%', 100, 1],
    ['0.000001%', 0.000001, 1e-8],
  ])('%s is %d percent, %d of one', (text, percent, share) => {
    expect([peek(percentage(), text), peek(fraction(), text)]).toStrictEqual([percent, share])
  })

  it.each([
    ['abc', 'value: expected a percentage from 0 to 100, found "abc"'],
    ['5', 'value: expected a percentage from 0 to 100, found "5"'],
    [5, 'value: expected a percentage from 0 to 100, found 5 without a "%"'],
    ['-1%', 'value: expected a percentage from 0 to 100, found "-1%"'],
    ['100.1%', 'value: expected a percentage from 0 to 100, found "100.1%"'],
    ['1e1%', 'value: expected a percentage from 0 to 100, found "1e1%"'],
    ['5 %', 'value: expected a percentage from 0 to 100, found "5 %"'],
    ['0.0000001%', 'value: expected a percentage from 0 to 100, found "0.0000001%"'],
  ])('%j is none', (value, line) => {
    expect(lineOf(percentage(), value)).toBe(line)
    expect(lineOf(fraction(), value)).toBe(line)
  })

  it('are written as they are read, to the last digit', () => {
    const millionths = fc.integer({ min: 0, max: 1_000_000_000 })
    fc.assert(
      fc.property(millionths, (count) => {
        const text = `${Math.floor(count / 1e6)}.${String(count % 1e6).padStart(6, '0')}%`
        const [percent, share] = [peek(percentage({ max: 1000 }), text), peek(fraction({ max: 1000 }), text)]
        expect(peek(percentage({ max: 1000 }), formatPercentage(percent ?? -1))).toBe(percent)
        expect(peek(fraction({ max: 1000 }), formatFraction(share ?? -1))).toBe(share)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('rates', () => {
  it.each([
    ['50/s', 50],
    ['0.5/s', 0.5],
    ['3000/m', 50],
    ['36/h', 0.01],
  ])('%s is %d a second', (text, value) => {
    expect(peek(rate(), text)).toBe(value)
  })

  it.each(['50', '50/d', '50/', '/s', '-1/s', '50 /s'])('%j is none', (text) => {
    expect(lineOf(rate(), text)).toBe(`value: expected a rate such as 50/s (per s, m or h), found "${text}"`)
  })
})
