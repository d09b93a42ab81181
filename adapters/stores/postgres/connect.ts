import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { endedOnAbort } from '../remote/abortable.ts'
import { loadDriver } from '../remote/load-driver.ts'
import { cancelQuery } from './cancel.ts'
import type { Backend, BackendKey } from './cancel.ts'
import type { Location } from './location.ts'

/** One connection. Queries are pipelined: one need not wait for the answer to the one before. */
export interface Postgres {
  readonly isAlive: boolean
  /** Each query is a transaction of its own, and is run again where another one came between: what it then finds is the answer. */
  query(text: string, values?: readonly unknown[]): Promise<Answer>
  /** Ends it: at once, or when the server has given up what it still does for it, within a second. No further query is sent. */
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
  const connection = new Connection(client, socket, location)
  await endedOnAbort(
    signal,
    () => void socket.destroy(),
    () => client.connect(),
  )
  return connection
}

class Connection implements Postgres {
  readonly #client: Client
  readonly #socket: Socket
  readonly #location: Location
  #backend: Backend | undefined
  #isAlive = true
  /** Queries without an answer. */
  #open = 0
  #isEnding = false

  constructor(client: Client, socket: Socket, location: Location) {
    this.#client = client
    this.#socket = socket
    this.#location = location
    const ended = (): void => void (this.#isAlive = false)
    // each call reports what befell it
    client.on('error', ended).on('end', ended)
    client.connection.once('backendKeyData', ({ processID, secretKey }: BackendKey) => {
      this.#backend = { processID, secretKey, host: socket.remoteAddress ?? location.address.host }
    })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  async query(text: string, values?: readonly unknown[]): Promise<Answer> {
    while (this.#isAlive) {
      this.#open++
      try {
        // without a name: a statement that is prepared under a name belongs to one session of the server
        const { rows, rowCount } = await this.#client.query(values === undefined ? text : binary(text, values))
        return { rows, count: rowCount ?? 0 }
      } catch (error) {
        if (!isOvertaken(error)) throw error
      } finally {
        this.#open--
      }
    }
    throw new Error('the connection was closed')
  }

  destroy(): void {
    this.#isAlive = false
    if (this.#isEnding) return
    this.#isEnding = true
    void this.#giveUp()
  }

  async end(): Promise<void> {
    await this.#client.end()
  }

  async #giveUp(): Promise<void> {
    await this.#cancelAll()
    const isLeft = this.#open > 0
    this.#socket.resetAndDestroy()
    if (isLeft) await this.#cancelOrphans()
  }

  /** Whatever the server still does for this connection: it takes them one by one, and may have the next ones already. A pooler can be asked before the reset only. */
  async #cancelAll(): Promise<void> {
    const signal = AbortSignal.timeout(cancelMs)
    while (this.#open > 0 && (await this.#cancel(signal))) await sleep(answerMs)
  }

  /** What is given up after the reset finds nobody to answer, and the server drops the rest. A request that comes between two queries is lost. */
  async #cancelOrphans(): Promise<void> {
    const signal = AbortSignal.timeout(cancelMs)
    while (await this.#cancel(signal)) await sleep(5 * answerMs)
  }

  /** False where the server is gone, or as silent as the connection. */
  async #cancel(signal: AbortSignal): Promise<boolean> {
    if (this.#backend === undefined) return false
    try {
      await cancelQuery(this.#location, this.#backend, signal)
      return true
    } catch {
      return false
    }
  }
}

/** A server that does not notice in this time what it is to give up will hardly ever. */
const cancelMs = 1_000
/** Until a query that was given up is answered. */
const answerMs = 20

/** Only where the default isolation is stricter than `read committed`; nothing was done. */
function isOvertaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '40001'
}

/** Bytes as they are, not as hexadecimal text of twice the length. */
function binary(text: string, values: readonly unknown[]) {
  return { text, values: [...values], binary: true }
}
