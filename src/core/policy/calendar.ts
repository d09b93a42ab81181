/** Monday first. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

export const minutesOfDay = 1_440

/** A moment as a clock on the wall of a time zone shows it. */
export interface LocalTime {
  /** Days since 1970-01-01. */
  readonly day: number
  readonly minute: number
}

/** `timeZone` is an IANA name; `ms` counts from 1970 in UTC. Throws a RangeError for a zone that does not exist. */
export function localTime(timeZone: string, ms: number): LocalTime {
  const [, month, date, year, hours, minutes] = shown.exec(formatterOf(timeZone).format(ms)) ?? []
  return { day: dayOf(Number(year), Number(month), Number(date)), minute: 60 * Number(hours) + Number(minutes) }
}

export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name)
    return true
  } catch {
    return false
  }
}

export function weekdayOf(day: number): Weekday {
  // 1970-01-01 was a Thursday.
  return weekdays[(((day + 3) % 7) + 7) % 7] ?? 'mon'
}

export const datePattern = /^\d{4}-\d{2}-\d{2}$/

/** Days since 1970-01-01 of `2026-12-24`; undefined where there is no such date. */
export function parseDate(text: string): number | undefined {
  if (!datePattern.test(text)) return undefined
  const [year = 0, month = 0, date = 0] = text.split('-').map(Number)
  if (month < 1 || month > 12 || date < 1) return undefined
  const next = month === 12 ? dayOf(year + 1, 1, 1) : dayOf(year, month + 1, 1)
  const day = dayOf(year, month, date)
  return day < next ? day : undefined
}

/** The proleptic Gregorian calendar, counted in years that begin in March: the leap day is then the last one. */
function dayOf(year: number, month: number, date: number): number {
  const shifted = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + date - 1
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400)
  return 365 * shifted + leapDays + dayOfYear - daysUntil1970
}

/** From 0000-03-01. */
const daysUntil1970 = 719_468

const shown = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+)$/

/** Making one takes a hundred times as long as using it. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const [two, hourCycle] = ['2-digit', 'h23'] as const
  const parts = { year: 'numeric', month: two, day: two, hour: two, minute: two } as const
  const made = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle, calendar: 'gregory', ...parts })
  formatters.set(timeZone, made)
  return made
}
