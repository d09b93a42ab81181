import { Socket } from 'node:net'
import type { Client } from 'pg'
import { loadDriver } from '../remote/load-driver.ts'
import type { Location } from './location.ts'

/** One connection. Queries are pipelined: one need not wait for the answer to the one before. */
export interface Postgres {
  readonly isAlive: boolean
  /** Each query is a transaction of its own, and is run again where another one came between: what it then finds is the answer. */
  query(text: string, values?: readonly unknown[]): Promise<Answer>
  /** Ends it at once. */
  destroy(): void
  end(): Promise<void>
}

export interface Answer {
  readonly rows: readonly Readonly<Record<string, string | null>>[]
  /** Rows that were written. */
  readonly count: number
}

export async function connect(location: Location, signal: AbortSignal): Promise<Postgres> {
  const { default: pg } = await loadDriver('postgres', () => import('pg'))
  const { address, user, database, tls } = location
  const socket = new Socket()
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user,
    database,
    password: address.password,
    ssl: tls,
    pipeline: true,
    keepAlive: true,
    application_name: 'queue-canary',
    stream: () => socket,
    types: { getTypeParser: () => String },
  })
  const state = { isAlive: true }
  const ended = (): void => void (state.isAlive = false)
  // each call reports what befell it
  client.on('error', ended).on('end', ended)
  const abort = (): void => void socket.destroy()
  signal.addEventListener('abort', abort)
  try {
    await client.connect()
    signal.throwIfAborted()
    return wrap(client, socket, state)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function wrap(client: Client, socket: Socket, state: { isAlive: boolean }): Postgres {
  return {
    get isAlive() {
      return state.isAlive
    },
    async query(text, values) {
      for (;;) {
        try {
          // without a name: a statement that is prepared under a name belongs to one session of the server
          const { rows, rowCount } = await client.query(values === undefined ? text : binary(text, values))
          return { rows, count: rowCount ?? 0 }
        } catch (error) {
          if (!isOvertaken(error)) throw error
        }
      }
    },
    destroy() {
      state.isAlive = false
      // what is still on its way is not sent any more
      socket.resetAndDestroy()
    },
    async end() {
      await client.end()
    },
  }
}

/** Only where the default isolation is stricter than `read committed`; nothing was done. */
function isOvertaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '40001'
}

/** Bytes as they are, not as hexadecimal text of twice the length. */
function binary(text: string, values: readonly unknown[]) {
  return { text, values: [...values], binary: true }
}
