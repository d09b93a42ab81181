import type { Finding } from '../../../src/contracts/broker.ts'
import type { Store } from '../../../src/contracts/store.ts'
import { invalid, parseAddress } from '../remote/address.ts'
import { inOrder } from '../remote/entries.ts'
import { createSession, defaultDeadlineMs } from '../remote/session.ts'
import { isCounted } from './bucket.ts'
import { connectToBucket, cursorFor } from './connect.ts'
import type { Nats } from './connect.ts'
import { markRemoved, newest, publish } from './documents.ts'
import { explain } from './failures.ts'
import { bucketOf } from './place.ts'
import { filterOf } from './subjects.ts'

export interface NatsStoreOptions {
  /**
   * `nats://[user:password@]host[:port][?bucket=NAME][&replicas=N]`, or `tls://…`, which checks the server's certificate
   * (`NODE_EXTRA_CA_CERTS` adds authorities). A user without a password is a token. `replicas` counts when the bucket is made.
   */
  readonly url: string
  /** How long one call may take, a new connection included, in milliseconds. @default 2000 */
  readonly deadlineMs?: number
}

/**
 * A store in a key-value bucket of NATS JetStream from version 2.10 on. Connects at the first call and makes the bucket where it is missing. A
 * server without JetStream and a bucket that drops documents by itself are `STORE_REFUSED`. Throws `ENVIRONMENT_INVALID` for a URL of another
 * form.
 */
export function natsStore({ url, deadlineMs = defaultDeadlineMs }: NatsStoreOptions): Store {
  const address = parseAddress(url, form)
  if (address.path !== '') throw invalid(form)
  const { bucket: name = 'queue-canary', replicas = '1' } = address.options
  const bucket = bucketOf({ server: address.name, bucket: name, replicas: Number(replicas) })
  const session = createSession<Nats>(
    {
      name: address.name,
      connect: (signal) => connectToBucket(address, bucket, signal),
      isAlive: ({ connection }) => !connection.isClosed(),
      discard: ({ connection }) => void connection.close(),
      finish: ({ connection }) => connection.close(),
      explain,
    },
    deadlineMs,
  )
  const write = (nats: Nats, key: string, value: string, expected: number) =>
    publish(nats.connection, bucket, { key, value, expected, headers: nats.noHeaders() })
  const create = async (nats: Nats, key: string, value: string): Promise<number | undefined> => {
    const written = await write(nats, key, value, 0)
    if (written !== undefined) return written
    // what was removed has left a mark, which is what a new document follows on
    const found = await newest(nats.connection, bucket, key)
    return found === undefined || found.document !== undefined ? undefined : write(nats, key, value, found.seq)
  }
  return {
    get: (key) => session.run(async ({ connection }) => (await newest(connection, bucket, key))?.document),
    put: async (key, value, expected) => {
      if (expected !== undefined && !/^[1-9]\d{0,15}$/.test(expected)) return undefined
      const seq = await session.run((nats) =>
        expected === undefined ? create(nats, key, value) : write(nats, key, value, Number(expected)),
      )
      return seq === undefined ? undefined : `${seq}`
    },
    list: async (prefix) => {
      const found = await session.run((nats) => cursorFor(nats, bucket, filterOf(prefix)).look())
      const entries = [...found].filter(([key]) => key.startsWith(prefix))
      return inOrder(entries.map(([key, document]) => ({ key, ...document })))
    },
    delete: (key) => session.run(({ connection, noHeaders }) => markRemoved(connection, bucket, key, noHeaders())),
    diagnose: () => session.run(async (nats) => findings(nats)),
    close: () => session.close(),
  }
}

const form = {
  expected: 'nats://user:password@host:port?bucket=NAME&replicas=N, or tls://…',
  protocols: ['nats', 'tls'],
  defaultPort: 4222,
  options: { bucket: /^[\w-]{1,64}$/, replicas: /^[135]$/ },
}

function findings({ connection, facts }: Nats): readonly Finding[] {
  const { storage, num_replicas: replicas = 1 } = facts.config
  const found = `NATS ${connection.info?.version}, bucket in ${storage} with ${replicas} replicas`
  return [
    { level: 'ok', subject: 'store', found },
    ...(storage === 'memory'
      ? [warning('the bucket is in memory: a restart forgets every rollout', 'use file storage')]
      : []),
    ...(isCounted(facts) ? [] : [warning(`${recurring}: revisions come back`, 'remove it between rollouts')]),
  ]
}

const recurring = 'the bucket was made by somebody else and counts from one; if it is lost and made anew'

function warning(found: string, mend: string): Finding {
  return { level: 'warning', subject: 'store', found, mend }
}
