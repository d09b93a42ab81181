import { isIP } from 'node:net'
import { QueueCanaryError } from '../../../src/errors.ts'

/** What a URL says of a server. Only `host`, `port` and the path may appear in a message. */
export interface Address {
  /** Without the colon. */
  readonly protocol: string
  /** As a socket takes it: IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly user: string | undefined
  readonly password: string | undefined
  /** Without the slash before it; empty where there is none. */
  readonly path: string
  /** What the query says, by name; only names that the store knows. */
  readonly options: Readonly<Record<string, string>>
  /** `scheme://host:port/path`, as messages name the store. */
  readonly name: string
}

export interface AddressForm {
  /** How such a URL looks; messages say it. */
  readonly expected: string
  readonly protocols: readonly string[]
  readonly defaultPort: number
  /** What the query may hold: name and what its value must look like. */
  readonly options: Readonly<Record<string, RegExp>>
}

/** Throws `ENVIRONMENT_INVALID`, without any part of the URL: a password with an unescaped character may be anywhere in it. */
export function parseAddress(url: string, form: AddressForm): Address {
  const parts = URL.canParse(url) ? new URL(url) : undefined
  const protocol = parts?.protocol.slice(0, -1) ?? ''
  if (parts === undefined || !form.protocols.includes(protocol) || parts.hostname === '' || parts.hash !== '')
    throw invalid(form)
  const [port, path] = [Number(parts.port) || form.defaultPort, decode(parts.pathname.slice(1), form)]
  return {
    protocol,
    host: parts.hostname.replaceAll(/^\[|\]$/g, ''),
    port,
    user: given(parts.username, form),
    password: given(parts.password, form),
    path,
    options: optionsIn(parts.searchParams, form),
    name: [`${protocol}://${parts.hostname}:${port}`, path].filter(Boolean).join('/'),
  }
}

function given(text: string, form: AddressForm): string | undefined {
  return text === '' ? undefined : decode(text, form)
}

function optionsIn(query: URLSearchParams, form: AddressForm): Record<string, string> {
  const options: Record<string, string> = {}
  for (const [name, value] of query) {
    const pattern = Object.hasOwn(form.options, name) ? form.options[name] : undefined
    if (pattern?.test(value) !== true) throw invalid(form)
    options[name] = value
  }
  return options
}

function decode(text: string, form: AddressForm): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(form)
  }
}

/** For TLS. An address is no name (RFC 6066, section 3). */
export function serverName(host: string): { readonly servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {}
}

export function invalid({ expected }: Pick<AddressForm, 'expected'>): QueueCanaryError {
  return new QueueCanaryError(
    'ENVIRONMENT_INVALID',
    `URL of the store: expected ${expected}, with special characters of user and password percent-encoded`,
  )
}
