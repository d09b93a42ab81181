import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localTime, parseDate, weekdayOf, weekdays } from '../../../src/core/policy/calendar.ts'
import { freezeAt } from '../../../src/core/policy/freeze.ts'
import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import type { FreezeWindow } from '../../../src/core/policy/policy.ts'
import { showPolicy } from '../../../src/core/policy/show-policy.ts'
import { policyDigest } from '../../../src/policy-digest.ts'
import { describeProblem } from '../../../src/core/schema/describe-problem.ts'

function windowsOf(...freeze: readonly object[]): readonly FreezeWindow[] {
  const parsed = parsePolicy({ freeze })
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => describeProblem(problem)).join('\n'))
  return parsed.policy.freeze
}

function problemsOf(window: object): readonly string[] {
  const parsed = parsePolicy({ freeze: [window] })
  return parsed.ok ? [] : parsed.problems.map((problem) => describeProblem(problem))
}

const timeZone = 'Europe/Berlin'
const weekend = { days: ['fri', 'sat', 'sun'], from: '16:00', to: '08:00', timeZone, reason: 'weekend' }
const holidays = { dates: { from: '2026-12-20', until: '2027-01-03' }, timeZone }
const spring = { days: ['sun'], from: '00:00', to: '08:00', timeZone }

describe('a freeze', () => {
  it.each<[string, object, string, string | undefined]>([
    ['an hour before a night', weekend, '2026-11-27T14:00Z', undefined],
    ['in the evening', weekend, '2026-11-27T15:00Z', 'a freeze until 2026-11-28 08:00 Europe/Berlin (weekend)'],
    ['after midnight', weekend, '2026-11-28T06:59:59.999Z', 'a freeze until 2026-11-28 08:00 Europe/Berlin (weekend)'],
    ['by day', weekend, '2026-11-28T07:00Z', undefined],
    [
      'on the morning after the last night',
      weekend,
      '2026-11-30T06:00Z',
      'a freeze until 2026-11-30 08:00 Europe/Berlin (weekend)',
    ],
    ['in a night that is none of its own', weekend, '2026-11-30T20:00Z', undefined],
    ['on the last day before', holidays, '2026-12-19T22:59Z', undefined],
    ['on the first of many days', holidays, '2026-12-19T23:00Z', 'a freeze until 2027-01-04 00:00 Europe/Berlin'],
    ['on the last of many days', holidays, '2027-01-03T22:59Z', 'a freeze until 2027-01-04 00:00 Europe/Berlin'],
    ['on the day after', holidays, '2027-01-03T23:00Z', undefined],
    ['while clocks are put forward', spring, '2026-03-29T00:30Z', 'a freeze until 2026-03-29 08:00 Europe/Berlin'],
    ['while clocks are put back', spring, '2026-10-25T00:30Z', 'a freeze until 2026-10-25 08:00 Europe/Berlin'],
    ['that never ends', { timeZone: 'UTC' }, '2026-03-29T00:30Z', 'a freeze without an end in sight'],
  ])('%s', (_, window, at, text) => {
    expect(freezeAt(windowsOf(window), Date.parse(at))?.text).toBe(text)
  })

  it('goes through windows that follow each other without a gap, and names the reason of the first', () => {
    const windows = windowsOf(
      { ...holidays, timeZone: 'UTC', reason: 'holidays' },
      { days: ['mon'], from: '00:00', to: '09:30' },
    )
    expect(freezeAt(windows, Date.parse('2027-01-03T12:00Z'))).toEqual({
      untilMs: Date.parse('2027-01-04T09:30Z'),
      text: 'a freeze until 2027-01-04 09:30 UTC (holidays)',
    })
  })

  const windows = fc
    .array(
      fc.record({
        days: fc.subarray([...weekdays], { minLength: 1 }),
        from: fc.constantFrom('00:00', '02:30', '08:00', '22:15'),
        to: fc.constantFrom('01:00', '02:45', '07:00', '24:00'),
        timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia'),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((files) => windowsOf(...files))

  it('holds from any moment in it to its end, and not at its end', () => {
    const year = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) })
    fc.assert(
      fc.property(windows, year, fc.double({ min: 0, max: 1, noNaN: true }), (given, ms, part) => {
        const freeze = freezeAt(given, ms)
        if (freeze?.untilMs === undefined) return
        expect(freeze.untilMs).toBeGreaterThan(ms)
        expect(freezeAt(given, freeze.untilMs)).toBeUndefined()
        expect(freezeAt(given, Math.floor(ms + part * (freeze.untilMs - 1 - ms)))?.untilMs).toBe(freeze.untilMs)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the calendar', () => {
  it('counts days and weekdays as dates do', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), (day) => {
        const date = new Date(day * 86_400_000)
        expect(parseDate(date.toISOString().slice(0, 10))).toBe(day)
        expect(weekdays.indexOf(weekdayOf(day))).toBe((date.getUTCDay() + 6) % 7)
        expect(localTime('UTC', date.getTime() + 61_000)).toEqual({ day, minute: 1 })
      }),
    )
  })

  it.each(['2026-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '2026-1-1', '24.12.2026'])('has no %s', (text) => {
    expect(parseDate(text)).toBeUndefined()
  })
})

describe('the key freeze', () => {
  it.each<[object, string]>([
    [{ days: ['friday'] }, 'freeze[0].days[0]: expected mon, tue, wed, thu, fri, sat or sun, found "friday"'],
    [{ days: [] }, 'freeze[0].days: expected a list of at least 1 items, found a list of 0'],
    [{ from: '24:00' }, 'freeze[0].from: expected a time before 24:00, found 24:00'],
    [{ from: '8:00' }, 'freeze[0].from: expected a time of day from 00:00 to 24:00, found "8:00"'],
    [{ from: '08:00', to: '08:00' }, 'freeze[0].to: expected another time than from, found 08:00'],
    [
      { timeZone: 'Europe/Bonn' },
      'freeze[0].timeZone: expected the IANA name of a time zone, such as Europe/Berlin, found "Europe/Bonn"',
    ],
    [{ dates: { from: '2026-02-30' } }, 'freeze[0].dates.from: expected a date such as 2026-12-24, found "2026-02-30"'],
    [
      { dates: { from: '2026-12-24', until: '2026-12-20' } },
      'freeze[0].dates.until: expected a date not before 2026-12-24, found 2026-12-20',
    ],
  ])('refuses %j', (window, problem) => {
    expect(problemsOf(window)).toContain(problem)
  })

  it('is shown as it is read, with all its defaults', () => {
    const shown = showPolicy({
      ...policyOf({}),
      freeze: windowsOf(weekend, { ...holidays, dates: { until: '2027-01-03' } }, {}),
    })
    expect(shown['freeze']).toEqual([
      weekend,
      { days: [...weekdays], from: '00:00', to: '24:00', dates: { until: '2027-01-03' }, timeZone },
      { days: [...weekdays], from: '00:00', to: '24:00', timeZone: 'UTC' },
    ])
    expect(policyOf(shown)).toEqual(
      policyOf({ freeze: [weekend, { ...holidays, dates: { until: '2027-01-03' } }, {}] }),
    )
  })

  it('and rollbackWindow change no digest of a policy without them', () => {
    expect(policyDigest(policyOf({}))).toBe('sha256:9b8c1e450950ed569901f5e8df28c914583a5bcebec420cad3b6ceef681af130')
    expect(policyDigest(policyOf({ freeze: [], rollbackWindow: '0s' }))).toBe(policyDigest(policyOf({})))
    expect(policyDigest(policyOf({ rollbackWindow: '1h' }))).not.toBe(policyDigest(policyOf({})))
  })
})

function policyOf(file: unknown) {
  const parsed = parsePolicy(file)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}
