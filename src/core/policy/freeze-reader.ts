import { describe, map, refine } from '../schema/combine.ts'
import { list, object, optional, withDefault } from '../schema/objects.ts'
import type { Json, Reader } from '../schema/reader.ts'
import { oneOf, parsed, string } from '../schema/scalars.ts'
import { datePattern, isTimeZone, minutesOfDay, parseDate, weekdays } from './calendar.ts'
import type { FreezeWindow } from './policy.ts'

export function freezeReader(): Reader<FreezeWindow> {
  const fields = object({
    days: describe('Days of the week on which it begins.', withDefault(list(oneOf(weekdays), { min: 1 }), weekdays)),
    from: describe('Time of day at which it begins.', withDefault(timeOfDay(), '00:00')),
    to: describe(
      'Time of day at which it ends; on the next day, where that is not after `from`.',
      withDefault(timeOfDay(), '24:00'),
    ),
    dates: describe('Only on these dates.', optional(dates(), 'always')),
    timeZone: describe('Whose clock and calendar hold: an IANA name.', withDefault(timeZone(), 'UTC')),
    reason: describe('Shown while it holds.', optional(string({ min: 1, max: 200 }), 'none')),
  })
  const window = map(fields, ({ from, to, ...rest }) => ({ ...rest, fromMinute: from, toMinute: to }))
  return refine(window, ({ fromMinute, toMinute }, complain) => {
    if (fromMinute === minutesOfDay) complain(['from'], 'a time before 24:00', '24:00')
    if (fromMinute === toMinute) complain(['to'], 'another time than from', formatTimeOfDay(toMinute))
  })
}

/** What `freezeReader` reads as exactly this window. */
export function showFreeze({ fromMinute, toMinute, dates: when, reason, ...rest }: FreezeWindow): Json {
  return {
    ...rest,
    from: formatTimeOfDay(fromMinute),
    to: formatTimeOfDay(toMinute),
    ...(when !== undefined && {
      dates: {
        ...(when.from !== undefined && { from: when.from }),
        ...(when.until !== undefined && { until: when.until }),
      },
    }),
    ...(reason !== undefined && { reason }),
  }
}

function timeOfDay(): Reader<number> {
  return parsed({
    expected: 'a time of day from 00:00 to 24:00',
    pattern: /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/,
    parse: (text) => 60 * Number(text.slice(0, 2)) + Number(text.slice(3)),
  })
}

function formatTimeOfDay(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`
}

function dates(): Reader<NonNullable<FreezeWindow['dates']>> {
  const fields = object({
    from: describe('The first one.', optional(date(), 'since ever')),
    until: describe('The last one.', optional(date(), 'for ever')),
  })
  return refine(fields, ({ from = '0000-00-00', until = '9999-99-99' }, complain) => {
    if (until < from) complain(['until'], `a date not before ${from}`, until)
  })
}

function date(): Reader<string> {
  return parsed({
    expected: 'a date such as 2026-12-24',
    pattern: datePattern,
    parse: (text) => (parseDate(text) === undefined ? undefined : text),
  })
}

function timeZone(): Reader<string> {
  return parsed({
    expected: 'the IANA name of a time zone, such as Europe/Berlin',
    pattern: /^[A-Za-z][\w+/-]{0,63}$/,
    parse: (name) => (isTimeZone(name) ? name : undefined),
  })
}
