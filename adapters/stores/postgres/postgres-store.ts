import { randomUUID } from 'node:crypto'
import type { Finding } from '../../../src/contracts/broker.ts'
import type { Entry, Store } from '../../../src/contracts/store.ts'
import { endedOnAbort } from '../remote/abortable.ts'
import { inOrder, unless } from '../remote/entries.ts'
import { createSession, defaultDeadlineMs } from '../remote/session.ts'
import { connect } from './connect.ts'
import type { Answer, Postgres } from './connect.ts'
import { explain } from './failures.ts'
import { parseLocation } from './location.ts'
import type { Location } from './location.ts'
import { prepareSchema, standby } from './schema.ts'

export interface PostgresStoreOptions {
  /**
   * `postgres[ql]://user:password@host[:port]/database[?table=[schema.]name][&sslmode=…][&sslrootcert=FILE]`. `sslmode` is `disable` (the
   * default), `require`, `verify-ca` or `verify-full`.
   */
  readonly url: string
  /** How long one call may take, a new connection included, in milliseconds. @default 2000 */
  readonly deadlineMs?: number
}

/**
 * A store in one table of a PostgreSQL database, over one connection, also through a pooler that lends connections for one transaction. Connects
 * at the first call and creates the table where it is missing. A standby and a table of a newer release are `STORE_REFUSED`. Throws
 * `ENVIRONMENT_INVALID` for a URL of another form.
 */
export function postgresStore({ url, deadlineMs = defaultDeadlineMs }: PostgresStoreOptions): Store {
  const location = parseLocation(url)
  const sql = statements(location.table)
  const session = createSession(
    {
      name: location.address.name,
      connect: (signal) => connectToTable(location, signal),
      isAlive: (connection) => connection.isAlive,
      discard: (connection) => connection.destroy(),
      finish: (connection) => connection.end(),
      explain,
    },
    deadlineMs,
  )
  const read = (text: string, values: readonly unknown[]) =>
    session.run(async (connection) => documents(await connection.query(text, values)))
  return {
    get: async (key) => {
      const [found] = await read(sql.get, [Buffer.from(key)])
      return found && { value: found.value, revision: found.revision }
    },
    put: async (key, value, expected) => {
      // Random, not counted: no revision comes back, not even in a database that was restored from an old copy.
      const revision = randomUUID()
      const document = [Buffer.from(key), Buffer.from(value), revision]
      const { count } = await session.run((connection) =>
        expected === undefined
          ? connection.query(sql.insert, document)
          : connection.query(sql.update, [...document, expected]),
      )
      return count === 0 ? undefined : revision
    },
    list: async (prefix) => inOrder(await read(sql.list, range(prefix))),
    listNews: async (prefix, known) =>
      inOrder(await read(sql.listNews, [...range(prefix), [...known]])).map((entry) => unless(known, entry)),
    delete: async (key) => void (await session.run((connection) => connection.query(sql.remove, [Buffer.from(key)]))),
    diagnose: () => session.run(diagnose),
    close: () => session.close(),
  }
}

async function connectToTable(location: Location, signal: AbortSignal): Promise<Postgres> {
  const connection = await connect(location, signal)
  return endedOnAbort(
    signal,
    () => connection.destroy(),
    async () => {
      await prepareSchema(connection, location)
      return connection
    },
  )
}

/**
 * Keys and values are bytes: no encoding or collation of the database has a say, and UTF-8 never has 0xff. Each read tells whether a standby
 * answered it: behind a pooler or an address that moves, the next transaction may be another server's.
 */
function statements(table: string) {
  const reading = (value: string) =>
    `select one.standby, d.key, ${value} as value, d.revision
     from (select pg_is_in_recovery()::int::text as standby) one left join ${table} d`
  const below = 'on d.key >= $1 and d.key < $2'
  return {
    get: `${reading('d.value')} on d.key = $1`,
    list: `${reading('d.value')} ${below}`,
    listNews: `${reading(`case when d.revision = any($3::text[]) then ''::bytea else d.value end`)} ${below}`,
    insert: `insert into ${table} (key, value, revision) values ($1, $2, $3) on conflict (key) do nothing`,
    update: `update ${table} set value = $2, revision = $3 where key = $1 and revision = $4`,
    remove: `delete from ${table} where key = $1`,
  }
}

function range(prefix: string): readonly [Buffer, Buffer] {
  return [Buffer.from(prefix), Buffer.concat([Buffer.from(prefix), Buffer.of(0xff)])]
}

function documents({ rows }: Answer): Entry[] {
  if (rows.some((row) => row['standby'] !== '0')) throw Object.assign(new Error('standby'), { code: standby })
  return rows.flatMap(({ key, value, revision }) =>
    isText(key) && isText(value) && isText(revision) ? { key, value, revision } : [],
  )
}

/** Null in all columns: there is no such document. */
function isText(column: string | null | undefined): column is string {
  return typeof column === 'string'
}

async function diagnose(connection: Postgres): Promise<readonly Finding[]> {
  const [row] = (await connection.query(`select version() as version, current_setting('synchronous_commit') as commit`))
    .rows
  const version = /^\S+ [\d.]+/.exec(row?.['version'] ?? '')?.[0] ?? 'an unknown server'
  const found: Finding = { level: 'ok', subject: 'store', found: version }
  return row?.['commit'] === 'off' ? [found, hasty] : [found]
}

const hasty: Finding = {
  level: 'warning',
  subject: 'store',
  found:
    'the server answers before what was written is on its disk (synchronous_commit = off): its crash may undo a decision',
  mend: 'set synchronous_commit = on for the user',
}
