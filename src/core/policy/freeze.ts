import { localTime, minutesOfDay, parseDate, weekdayOf } from './calendar.ts'
import type { LocalTime } from './calendar.ts'
import type { FreezeWindow } from './policy.ts'

/** A moment in which nothing starts and nothing goes forward. */
export interface Freeze {
  /** Milliseconds since 1970; undefined where no end is in sight. */
  readonly untilMs: number | undefined
  /** One clause: `a freeze until 2026-12-28 08:00 Europe/Berlin (holidays)`. */
  readonly text: string
}

/** Whether one holds at `ms`: when it ends takes a hundred times as long to find out. */
export function isFrozenAt(windows: readonly FreezeWindow[], ms: number): boolean {
  return windows.some((window) => holds(window, ms))
}

/** The freeze that holds at `ms` (since 1970, by the clock of whoever asks), through all windows that follow each other without a gap. */
export function freezeAt(windows: readonly FreezeWindow[], ms: number): Freeze | undefined {
  const first = windows.find((window) => holds(window, ms))
  if (first === undefined) return undefined
  const reason = first.reason === undefined ? '' : ` (${first.reason})`
  const { endMs, last } = endOf(windows, first, ms)
  if (endMs === undefined) return { untilMs: undefined, text: `a freeze without an end in sight${reason}` }
  return { untilMs: endMs, text: `a freeze until ${shownAt(last.timeZone, endMs)} ${last.timeZone}${reason}` }
}

/** Whether the window holds: it began on a day of its own, today, or yesterday where it goes on over midnight. */
function holds(window: FreezeWindow, ms: number): boolean {
  return minutesLeft(window, localTime(window.timeZone, ms)) > 0
}

/** Until the window ends, on the clock on the wall; 0 where it does not hold. */
function minutesLeft(window: FreezeWindow, { day, minute }: LocalTime): number {
  const { fromMinute, toMinute } = window
  const overnight = toMinute <= fromMinute
  const end = overnight ? toMinute + minutesOfDay : toMinute
  if (minute >= fromMinute && minute < end && beginsOn(window, day)) return end - minute
  return overnight && minute < toMinute && beginsOn(window, day - 1) ? toMinute - minute : 0
}

function beginsOn({ days, dates }: FreezeWindow, day: number): boolean {
  const { from, until } = dates ?? {}
  if (from !== undefined && day < (parseDate(from) ?? day)) return false
  if (until !== undefined && day > (parseDate(until) ?? day)) return false
  return days.includes(weekdayOf(day))
}

/** Enough for two months of whole days. */
const mostWindows = 64

function endOf(
  windows: readonly FreezeWindow[],
  first: FreezeWindow,
  ms: number,
): { readonly endMs: number | undefined; readonly last: FreezeWindow } {
  let last = first
  let endMs = ms
  for (let passed = 0; passed < mostWindows; passed++) {
    endMs = endOfOne(last, endMs)
    const next = windows.find((window) => holds(window, endMs))
    if (next === undefined) return { endMs, last }
    last = next
  }
  return { endMs: undefined, last }
}

const minuteMs = 60_000
const quarterMs = 15 * minuteMs
const longestShiftMs = 12 * quarterMs

/** The first whole minute after `ms` at which the window does not hold. */
function endOfOne(window: FreezeWindow, ms: number): number {
  const left = minutesLeft(window, localTime(window.timeZone, ms))
  const straight = Math.floor(ms / minuteMs) * minuteMs + left * minuteMs
  if (holds(window, straight - minuteMs)) return straight
  // The clock on the wall was put forward on the way, by quarters of an hour.
  for (let early = longestShiftMs; early > 0; early -= quarterMs) {
    const end = straight - early
    if (end > ms && !holds(window, end) && holds(window, end - minuteMs)) return end
  }
  return straight
}

function shownAt(timeZone: string, ms: number): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  return new Intl.DateTimeFormat('sv-SE', { timeZone, hourCycle: 'h23', ...parts }).format(ms)
}
