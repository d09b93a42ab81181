import type { Options } from 'amqplib'
import { QueueCanaryError } from '../../../src/errors.ts'

/** Where the broker is and how to log in. Only `server` may appear in a message. */
export interface Address {
  readonly amqp: Options.Connect
  readonly user: string
  /** `host:port/vhost` */
  readonly server: string
}

/** Throws `ENVIRONMENT_INVALID`, without any part of the URL: a password with an unescaped character may be anywhere in it. */
export function parseAddress(url: string): Address {
  const parts = URL.canParse(url) ? new URL(url) : undefined
  if (parts === undefined || !/^amqps?:$/.test(parts.protocol) || parts.hostname === '') throw invalid()
  const protocol = parts.protocol.slice(0, -1)
  const port = parts.port === '' ? defaultPort(protocol) : Number(parts.port)
  const vhost = decode(parts.pathname.slice(1)) || '/'
  const login = credentialsIn(parts)
  return {
    amqp: {
      protocol,
      hostname: parts.hostname.replace(/^\[|\]$/g, ''),
      port,
      ...login,
      // amqplib decodes the name once more
      vhost: encodeURIComponent(vhost),
      heartbeat: setting(parts, 'heartbeat') ?? 10,
      ...optional('channelMax', setting(parts, 'channelMax')),
      ...optional('frameMax', setting(parts, 'frameMax')),
    },
    user: login.username,
    server: `${parts.hostname}:${port}/${vhost === '/' ? '' : vhost}`,
  }
}

function credentialsIn({ username, password }: URL): { readonly username: string; readonly password: string } {
  if (username === '' && password === '') return { username: 'guest', password: 'guest' }
  return { username: decode(username), password: decode(password) }
}

function defaultPort(protocol: string): number {
  return protocol === 'amqps' ? 5671 : 5672
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid()
  }
}

function setting(parts: URL, name: string): number | undefined {
  const text = parts.searchParams.get(name)
  if (text === null) return undefined
  if (!/^\d{1,9}$/.test(text)) {
    throw new QueueCanaryError(
      'ENVIRONMENT_INVALID',
      `RabbitMQ URL: expected a whole number for "${name}" in the query`,
    )
  }
  return Number(text)
}

function optional<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  const result: Partial<Record<K, number>> = {}
  if (value !== undefined) result[key] = value
  return result
}

function invalid(): QueueCanaryError {
  return new QueueCanaryError(
    'ENVIRONMENT_INVALID',
    'RabbitMQ URL: expected amqp(s)://user:password@host:port/vhost with special characters percent-encoded',
  )
}
