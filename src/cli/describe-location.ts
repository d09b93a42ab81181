import { describeUrl } from '../core/schema/describe-url.ts'

/** A URL without what may be secret. What cannot be seen is told of: the rest may look like what was expected. */
export function describeLocation(value: unknown): string {
  const shown = describeUrl(value)
  if (typeof value !== 'string' || !/[\s\p{Cc}]/u.test(value)) return shown
  return `${shown} with ${/\s/.test(value) ? 'white space' : 'a control character'} in it`
}
