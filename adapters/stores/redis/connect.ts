import type { RedisArgument, RedisClientType } from 'redis'
import { QueueCanaryError } from '../../../src/errors.ts'
import { endedOnAbort } from '../remote/abortable.ts'
import { serverName } from '../remote/address.ts'
import type { Address } from '../remote/address.ts'
import { loadDriver } from '../remote/load-driver.ts'

/** Connects to the server at `address` or, where it is a node of a cluster that has the keys elsewhere, to the one that has them. */
export async function connectToKeys(
  address: Address,
  { probe, deadlineMs }: Attempt,
  signal: AbortSignal,
): Promise<Redis> {
  let { host, port } = address
  for (let hops = 0; ; hops++) {
    const client = await createConnection({ ...address, host, port }, deadlineMs)
    try {
      return await endedOnAbort(
        signal,
        () => client.destroy(),
        async () => {
          await client.connect()
          await checkServer(client, address.name)
          await probe(client)
          return client
        },
      )
    } catch (error) {
      const target = movedTo(error)
      if (target === undefined || hops === mostHops) throw error
      host = target.host || host
      port = target.port
    }
  }
}

export type Redis = Pick<RedisClientType, 'sendCommand' | 'isReady' | 'close' | 'destroy'>
export type Argument = RedisArgument
export interface Attempt {
  /** A first call, which shows rights and the place of the keys. */
  readonly probe: (client: Redis) => Promise<unknown>
  readonly deadlineMs: number
}

const mostHops = 3

/** A connection for one life: the session makes a new one, and nothing is ever queued for it. */
async function createConnection(address: Address, deadlineMs: number) {
  const { createClient } = await loadDriver('redis', () => import('redis'))
  const { host, port, user, password, path, protocol } = address
  // where the server never answers, `destroy` does nothing before the driver itself has given up
  const common = { host, port, reconnectStrategy: false as const, connectTimeout: deadlineMs }
  const client = createClient({
    RESP: 2,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    database: Number(path || 0),
    clientInfoTag: 'queue-canary',
    socket: protocol === 'rediss' ? { ...common, tls: true, ...serverName(host) } : common,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
  })
  // each call reports what befell it
  client.on('error', () => {})
  return client
}

/** Where the server may drop documents by itself, all coordination rests on sand. */
async function checkServer(client: Redis, name: string): Promise<void> {
  const facts = await serverFacts(client)
  const major = Number.parseInt(facts.get('redis_version') ?? '', 10)
  if (major < 7) throw refusal(name, `is Redis ${facts.get('redis_version')}: Redis 7 or later is needed, or Valkey`)
  // in a cluster a replica tells where the primary of the keys is
  if (facts.get('role') === 'slave' && facts.get('cluster_enabled') !== '1') throw new Error('READONLY')
  const policy = facts.get('maxmemory_policy') ?? 'unknown'
  // our keys have no time to live: a volatile policy never takes them
  if (facts.get('maxmemory') === '0' || /^(?:noeviction|volatile-.+)$/.test(policy)) return
  throw refusal(
    name,
    `may evict our documents when it is full (maxmemory-policy ${policy}): set it to noeviction, or use a server that keeps what it has`,
  )
}

const sections = ['server', 'memory', 'persistence', 'replication', 'cluster']

/** CONFIG is forbidden on many managed servers; INFO tells the same. */
export async function serverFacts(client: Redis): Promise<ReadonlyMap<string, string>> {
  const answer: unknown = await client.sendCommand(['INFO', ...sections])
  const lines = (typeof answer === 'string' ? answer : '').matchAll(/^(\w+):(.*?)\r?$/gm)
  return new Map([...lines].map(([, name = '', value = '']) => [name, value]))
}

function movedTo(error: unknown): { readonly host: string; readonly port: number } | undefined {
  const text = error instanceof Error ? error.message : ''
  const [, host = '', port] = /^MOVED \d+ (.*):(\d+)$/.exec(text) ?? []
  return port === undefined ? undefined : { host: host.replaceAll(/^\[|\]$/g, ''), port: Number(port) }
}

function refusal(name: string, text: string): QueueCanaryError {
  return new QueueCanaryError('STORE_REFUSED', `the store ${name} ${text}`)
}
