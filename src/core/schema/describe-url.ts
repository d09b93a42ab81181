import { describeValue } from './describe-problem.ts'

/**
 * A URL as messages show it: scheme and host, never what may be a password, a key or a path. Where it is not certain which part is the host
 * (a password with an unescaped character can be mistaken for one) only the scheme is shown.
 */
export function describeUrl(value: unknown): string {
  if (typeof value !== 'string' || value === '') return describeValue(value)
  const { scheme, host } = whole.exec(value)?.groups ?? {}
  if (host !== undefined) return `${scheme}${host}`
  const { start } = schemeOnly.exec(value)?.groups ?? {}
  return start === undefined ? 'text that is no URL' : `${start}…`
}

/** No `@` after the host, so that the host cannot be a part of the credentials. */
const whole =
  /^(?<scheme>[a-z][a-z0-9+.-]{0,19}:\/\/)(?:[^/?#@]*@)?(?<host>(?:[a-z0-9.-]{1,253}|\[[\da-f:.]+\])(?::\d{1,5})?)(?:[/?#][^@]*)?$/i
/** Without slashes only where there is no `@`: `user:password@host` has no scheme. */
const schemeOnly = /^(?<start>[a-z][a-z0-9+.-]{0,19}:(?:\/\/|(?=[^@]*$)))/i
