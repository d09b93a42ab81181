import { readQueueUrl } from '../../adapters/brokers/sqs/address.ts'
import { optional } from '../core/schema/objects.ts'
import type { Reader } from '../core/schema/reader.ts'
import { parsed, string } from '../core/schema/scalars.ts'
import { describeValue } from '../core/schema/describe-problem.ts'
import { describeLocation } from './describe-location.ts'

/** Where rollouts and reports live: in this process, on this host, or on a server that the workers of many hosts share. */
export type StoreSettings =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | ServerSettings<'redis'>
  | ServerSettings<'nats'>
  | ServerSettings<'postgres'>

interface ServerSettings<Kind> {
  readonly kind: Kind
  /** May hold a password: never to be shown. */
  readonly url: string
}

export interface BrokerSettings {
  readonly kind: 'memory' | 'rabbitmq' | 'sqs'
  /** May hold a password: never to be shown. */
  readonly url: string
}

export type HandBackSettings =
  | { readonly kind: 'create' }
  | { readonly kind: 'off' }
  | { readonly kind: 'named'; readonly name: string }

export function storeReader(): Reader<StoreSettings> {
  return parsed({
    expected: 'redis[s]://…, nats://…, tls://…, postgres[ql]://…, sqlite:PATH or memory:',
    // White space at the end of a path is not meant: it would be another store.
    pattern: /^(?:memory:|sqlite:(?!\/\/|:memory:|\s)\P{Cc}+(?<!\s)|(?!sqlite:)[a-z]+:\/\/\S+)$/u,
    parse: (text) => {
      if (text === 'memory:') return { kind: 'memory' }
      if (text.startsWith('sqlite:')) return { kind: 'sqlite', path: text.slice('sqlite:'.length) }
      const kind = serverStores.get(text.slice(0, text.indexOf(':')))
      return kind !== undefined && isServerUrl(text) ? { kind, url: text } : undefined
    },
    describeFound: describeLocation,
  })
}

const serverStores: ReadonlyMap<string, 'redis' | 'nats' | 'postgres'> = new Map([
  ['redis', 'redis'],
  ['rediss', 'redis'],
  ['nats', 'nats'],
  ['tls', 'nats'],
  ['postgres', 'postgres'],
  ['postgresql', 'postgres'],
])

export function brokerReader(): Reader<BrokerSettings> {
  return parsed({
    expected: 'amqp://…, amqps://…, https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE or memory:',
    pattern: /^(?:memory:|(?:amqps?|https?):\/\/\S+)$/,
    parse: (url) => {
      if (url === 'memory:') return { kind: 'memory', url }
      if (url.startsWith('http')) return readQueueUrl(url) && { kind: 'sqs', url }
      return isServerUrl(url) ? { kind: 'rabbitmq', url } : undefined
    },
    describeFound: describeLocation,
  })
}

export function handBackReader(): Reader<HandBackSettings> {
  return parsed({
    expected: 'create, off, or a queue: its name of 1 to 255 bytes, or its URL (SQS)',
    pattern: /^(?!(?!https?:)\w+:\/\/)\P{Cc}+$/u,
    parse: (name) => {
      if (name === 'create' || name === 'off') return { kind: name }
      return isQueueName(name) ? { kind: 'named', name } : undefined
    },
  })
}

/** Names separated by commas; white space around them does not count. Variables are named after them, so that no URL may be among them. */
export function queueNamesReader(): Reader<readonly string[]> {
  return parsed({
    expected: 'names of queues separated by commas, each of 1 to 255 bytes',
    pattern: /^.+$/s,
    parse: (text) => {
      const names = text.split(',').map((name) => name.trim())
      return names.every(isQueueName) && !text.includes('://') ? names : undefined
    },
  })
}

/** A queue's name on the broker. */
export function queueNameReader(): Reader<string> {
  return parsed({
    expected: 'the name of a queue of 1 to 255 bytes without control characters',
    pattern: /^\P{Cc}+$/u,
    parse: (name) => (isQueueName(name) ? name : undefined),
  })
}

export function namespaceReader(): Reader<string> {
  const expected = 'a name of 1 to 64 letters, digits, dots, dashes and underscores'
  return string({ expected, pattern: /^[\w.-]{1,64}$/ })
}

export function workerReader(): Reader<string> {
  const expected = 'an id of 1 to 128 letters, digits and . _ : @ -'
  return string({ expected, pattern: /^[\w.:@-]{1,128}$/ })
}

export function modulePathReader(): Reader<string> {
  return string({ expected: 'the path of a .js, .mjs or .ts file', pattern: /^\P{Cc}+\.(?:m?js|ts)$/u })
}

/** A text without such an ending may be anything, also a secret that was pasted into the wrong variable. */
export function policyPathReader(): Reader<'off' | { readonly path: string }> {
  return parsed({
    expected: 'off, or the path of a .yaml, .yml or .json file',
    pattern: /^(?:off|\P{Cc}+\.(?:ya?ml|json))$/u,
    parse: (path) => (path === 'off' ? path : { path }),
    describeFound: describeUnlessSecret,
  })
}

export function wholeNumberReader(min: number, max: number): Reader<number> {
  return parsed({
    expected: `a whole number from ${min} to ${max}`,
    pattern: /^\d{1,9}$/,
    parse: (digits) => (Number(digits) >= min && Number(digits) <= max ? Number(digits) : undefined),
  })
}

/** Where the HTTP endpoints are: nowhere, or at an address of this machine. */
export type HttpSettings = { readonly kind: 'off' } | HttpAddress

export interface HttpAddress {
  readonly kind: 'listen'
  readonly host: string
  /** 0: a free one. */
  readonly port: number
}

/** A port without a host is one of the loopback address: who wants the whole network to see it says so. */
export function httpReader(): Reader<HttpSettings> {
  return parsed({
    expected: 'off, HOST:PORT, [IPV6]:PORT, or :PORT for 127.0.0.1 (port 0 takes a free one)',
    pattern: /^(?:off|(?:[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?|\[[\dA-Fa-f:.]{2,45}\])?:\d{1,5})$/,
    parse: (text) => {
      if (text === 'off') return { kind: 'off' }
      const [host, port] = [text.slice(0, text.lastIndexOf(':')), Number(text.slice(text.lastIndexOf(':') + 1))]
      if (port > 65_535) return undefined
      return { kind: 'listen', host: host === '' ? '127.0.0.1' : host.replaceAll(/[[\]]/g, ''), port }
    },
    describeFound: describeAddress,
  })
}

/** Hosts that external metrics may be asked of; a host without a port allows every port of it. */
export interface AllowedHost {
  /** As a URL has it: lower case, IPv6 in brackets. */
  readonly host: string
  readonly port: number | undefined
}

export function allowedHostsReader(): Reader<readonly AllowedHost[]> {
  return parsed({
    expected: 'hosts separated by commas, each HOST or HOST:PORT (IPv6 in brackets)',
    pattern: /^.+$/s,
    parse: (text) => {
      const hosts = text.split(',').map((part) => allowedHost(part.trim()))
      return hosts.every((host) => host !== undefined) ? hosts : undefined
    },
    describeFound: describeAddress,
  })
}

/** Somebody may take it for the place of a token, or of a whole URL with its password. */
function describeAddress(value: unknown): string {
  const text = String(value)
  if (text === '' || /^(?:[\d.]+|[^/@]*:\d*)$/.test(text)) return describeValue(value)
  return 'text that is no address'
}

function allowedHost(text: string): AllowedHost | undefined {
  const [, host, port] = /^([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i.exec(text) ?? []
  const url = `http://${host}/`
  if (host === undefined || !URL.canParse(url) || Number(port ?? 1) > 65_535) return undefined
  return { host: new URL(url).hostname, port: port === undefined ? undefined : Number(port) }
}

/** A variable that interface and documentation know, and this release does not act on. Its value may be a secret. */
export function notBuiltReader(what: string): Reader<'off' | undefined> {
  return optional(
    parsed({
      expected: `off or unset (${what} not in this release)`,
      pattern: /^off$/,
      parse: () => 'off' as const,
      describeFound: describeUnlessSecret,
    }),
    'off',
  )
}

/** For what may be a secret. */
function describeUnlessSecret(value: unknown): string {
  return value === '' ? describeValue(value) : 'another value'
}

function isQueueName(name: string): boolean {
  return name.length > 0 && Buffer.byteLength(name) <= 255 && !/\p{Cc}/u.test(name)
}

function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { hostname, username, password, pathname } = new URL(text)
  return hostname !== '' && [username, password, pathname].every(isDecodable)
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}
