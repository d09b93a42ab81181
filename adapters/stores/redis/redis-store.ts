import { randomUUID } from 'node:crypto'
import type { Entry, Store, Versioned } from '../../../src/contracts/store.ts'
import { invalid, parseAddress } from '../remote/address.ts'
import type { Address } from '../remote/address.ts'
import { inOrder, unless } from '../remote/entries.ts'
import { createSession, defaultDeadlineMs } from '../remote/session.ts'
import { connectToKeys, serverFacts } from './connect.ts'
import type { Argument, Redis } from './connect.ts'
import { explain } from './failures.ts'
import { findings } from './findings.ts'
import { revisionLength, scripts } from './scripts.ts'
import type { Script } from './scripts.ts'

export interface RedisStoreOptions {
  /**
   * `redis[s]://[[user]:password@]host[:port][/database][?prefix=NAME]`. All keys are `{NAME}:…`, in one slot of a cluster. `rediss` checks the
   * server's certificate; `NODE_EXTRA_CA_CERTS` adds authorities.
   */
  readonly url: string
  /** How long one call may take, a new connection included, in milliseconds. @default 2000 */
  readonly deadlineMs?: number
}

/**
 * A store on a Redis server from version 7 on. Connects at the first call. A server that may evict, a replica and an older server are
 * `STORE_REFUSED`. Throws `ENVIRONMENT_INVALID` for a URL of another form.
 */
export function redisStore({ url, deadlineMs = defaultDeadlineMs }: RedisStoreOptions): Store {
  const address = parseRedisUrl(url)
  const prefix = `{${address.options['prefix'] ?? 'queue-canary'}}`
  const keys = [`${prefix}:documents`, `${prefix}:keys`]
  const evaluate = (client: Redis, script: Script, args: readonly Argument[]) =>
    run(client, script, [String(keys.length), ...keys, ...args])
  const session = createSession(
    {
      name: address.name,
      connect: (signal) =>
        connectToKeys(address, { probe: (client) => evaluate(client, scripts.get, ['']), deadlineMs }, signal),
      isAlive: (client) => client.isReady,
      discard: (client) => client.destroy(),
      finish: (client) => client.close(),
      explain,
    },
    deadlineMs,
  )
  const call = (script: Script, ...args: readonly Argument[]) => session.run((client) => evaluate(client, script, args))
  return {
    get: async (key) => versioned(await call(scripts.get, key)),
    put: async (key, value, expected) => {
      // Random, not counted: no revision comes back, not even in a server that was emptied or restored from an old copy.
      const revision = randomUUID()
      const written = await call(scripts.put, key, revision, value, ...(expected === undefined ? [] : [expected]))
      return written === 1 ? revision : undefined
    },
    list: async (start) => entries(await call(scripts.list, ...range(start))),
    listNews: async (start, known) =>
      entries(await call(scripts.list, ...range(start), ...known)).map((entry) => unless(known, entry)),
    delete: async (key) => void (await call(scripts.remove, key)),
    diagnose: () => session.run(async (client) => findings(await serverFacts(client))),
    close: () => session.close(),
  }
}

const form = {
  expected: 'redis[s]://user:password@host:port/database?prefix=NAME',
  protocols: ['redis', 'rediss'],
  defaultPort: 6379,
  options: { prefix: /^[\w.-]{1,64}$/ },
}

function parseRedisUrl(url: string): Address {
  const address = parseAddress(url, form)
  if (!/^\d{0,5}$/.test(address.path)) throw invalid(form)
  return address
}

/** The server keeps the script by its digest until it restarts; then it is sent once more. */
async function run(client: Redis, { sha, text }: Script, args: readonly Argument[]): Promise<unknown> {
  try {
    return await client.sendCommand(['EVALSHA', sha, ...args])
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.sendCommand(['EVAL', text, ...args])
  }
}

/** Keys are in order of their bytes in UTF-8, where 0xff never occurs. */
function range(prefix: string): readonly [Argument, Argument] {
  if (prefix === '') return ['-', '+']
  return [`[${prefix}`, Buffer.concat([Buffer.from(`(${prefix}`), Buffer.of(0xff)])]
}

function versioned(found: unknown): Versioned | undefined {
  if (typeof found !== 'string') return undefined
  return { revision: found.slice(0, revisionLength), value: found.slice(revisionLength) }
}

function entries(found: unknown): Entry[] {
  const flat: readonly unknown[] = Array.isArray(found) ? found : []
  const list: Entry[] = []
  for (let index = 0; index < flat.length; index += 2) {
    const document = versioned(flat[index + 1])
    if (document !== undefined) list.push({ key: String(flat[index]), ...document })
  }
  return inOrder(list)
}
