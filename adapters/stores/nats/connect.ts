import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { endedOnAbort } from '../remote/abortable.ts'
import type { Address } from '../remote/address.ts'
import { loadDriver } from '../remote/load-driver.ts'
import { prepareBucket } from './bucket.ts'
import { Cursor } from './cursor.ts'
import type { StreamFacts } from './jetstream.ts'
import { OwnSockets } from './own-sockets.ts'
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
  const options = {
    servers: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    name: 'queue-canary',
    reconnect: false,
    maxReconnectAttempts: 0,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    timeout: 60_000,
    ...(protocol === 'tls' ? { tls: {} } : {}),
    ...(password === undefined ? { ...(user !== undefined && { token: user }) } : { user: user ?? '', pass: password }),
  }
  const sockets = new OwnSockets()
  return endedOnAbort(
    signal,
    () => sockets.destroy(),
    async () => {
      const connection = await sockets.during(() => connect(options))
      const facts = await prepareBucket(connection, bucket, headers())
      return { connection, facts, noHeaders: headers, cursors: new Map() }
    },
  )
}

export function cursorFor({ connection, cursors }: Nats, bucket: Bucket, filter: string): Cursor {
  const known = cursors.get(filter) ?? new Cursor(connection, bucket, filter)
  cursors.set(filter, known)
  return known
}
