import { QueueCanaryError } from '../../../src/errors.ts'
import type { AllowedHost, Resolve } from './address-rules.ts'

/** What every provider that asks over HTTP may be told. */
export interface AskingOptions {
  /** For the whole answer, from the name of the host to the last byte. @default 10_000 */
  readonly timeoutMs?: number
  /** Sent with each question. Never in a result, a log or an error. */
  readonly headers?: Readonly<Record<string, string>>
  /** The only hosts that may be asked. @default any, but for addresses that never are */
  readonly hosts?: readonly AllowedHost[] | undefined
  /** How host names are resolved. @default the system's way */
  readonly resolve?: Resolve
}

/** An http or https URL without credentials. Throws `USAGE`, and does not show the text: it may hold a password. */
export function checkedUrl(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const usable = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (usable) return url
  throw new QueueCanaryError(
    'USAGE',
    `${option}: expected an http or https URL without credentials, found something else`,
  )
}
