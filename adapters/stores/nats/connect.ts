import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import type { Address } from '../remote/address.ts'
import { loadDriver } from '../remote/load-driver.ts'
import { prepareBucket } from './bucket.ts'
import { Cursor } from './cursor.ts'
import type { StreamFacts } from './jetstream.ts'
import type { Bucket } from './place.ts'

/** A connection and what is known over it. */
export interface Nats {
  readonly connection: NatsConnection
  readonly facts: StreamFacts
  readonly noHeaders: () => MsgHdrs
  /** One for each filter. */
  readonly cursors: Map<string, Cursor>
}

export async function connectToBucket(address: Address, bucket: Bucket, signal: AbortSignal): Promise<Nats> {
  const { connect, headers } = await loadDriver('nats', () => import('@nats-io/transport-node'))
  const { host, port, user, password, protocol } = address
  const connecting = connect({
    servers: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    name: 'queue-canary',
    reconnect: false,
    maxReconnectAttempts: 0,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    timeout: 60_000,
    ...(protocol === 'tls' ? { tls: {} } : {}),
    ...(password === undefined ? { ...(user !== undefined && { token: user }) } : { user: user ?? '', pass: password }),
  })
  const connection = await unless(signal, connecting, (late) => late.close())
  try {
    const facts = await unless(signal, prepareBucket(connection, bucket, headers()), () => undefined)
    return { connection, facts, noHeaders: headers, cursors: new Map() }
  } catch (error) {
    void connection.close()
    throw error
  }
}

/** The promise's outcome, or a rejection once the signal aborts; then what comes too late is done away with. */
async function unless<T>(signal: AbortSignal, promise: Promise<T>, discard: (late: T) => unknown): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new Error('given up'))
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, aborted])
  } catch (error) {
    if (signal.aborted) void promise.then(discard, () => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

export function cursorFor({ connection, cursors }: Nats, bucket: Bucket, filter: string): Cursor {
  const known = cursors.get(filter) ?? new Cursor(connection, bucket, filter)
  cursors.set(filter, known)
  return known
}
