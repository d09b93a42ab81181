import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { QueueCanaryError } from '../../../src/errors.ts'

/** Raised when the tables change in a way that an older release cannot read. */
const schemaVersion = 1

/** Each call blocks the event loop, so the longer wait for another process's lock is done outside, asynchronously. */
const lockWaitMs = 20

export interface Database {
  readonly get: StatementSync
  readonly insert: StatementSync
  readonly update: StatementSync
  /** Keys from the given one on, in SQLite's order: those that start with it come first. */
  readonly from: StatementSync
  readonly remove: StatementSync
  /** Whether the path still leads to the file that was opened. It does not once somebody has removed or replaced the file. */
  isCurrent(): boolean
  close(): void
}

/**
 * Opens or creates the file. Write-ahead log with `synchronous = NORMAL`: the crash of a process loses nothing, the crash of the machine at
 * most the last writes.
 */
export function openDatabase(path: string): Database {
  createPrivately(path)
  const identity = fileIdentity(path)
  const connection = new DatabaseSync(path, { timeout: lockWaitMs })
  try {
    prepareSchema(connection, path)
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const isCurrent = () => fileIdentity(path) === identity
    return { ...statements(connection), isCurrent, close: () => connection.close() }
  } catch (error) {
    connection.close()
    throw error
  }
}

/**
 * What the file holds is nobody else's business. One that is there is not touched: whoever closes a file gives up all locks that the process has on
 * it, those of another connection to the database too. https://www.sqlite.org/howtocorrupt.html (2.2)
 */
function createPrivately(path: string): void {
  // says which right is missing; SQLite would not
  if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK)
  else closeSync(openSync(path, 'a', 0o600))
}

function fileIdentity(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.dev}:${stat.ino}`
}

/** Another process may be doing the same: what decides is read again under the lock. A failure closes the connection, which rolls back. */
function prepareSchema(connection: DatabaseSync, path: string): void {
  if (hasSchema(connection, path)) return
  connection.exec('BEGIN IMMEDIATE')
  if (!hasSchema(connection, path)) createSchema(connection, path)
  connection.exec('COMMIT')
}

function hasSchema(connection: DatabaseSync, path: string): boolean {
  const found = readNumber(connection, 'PRAGMA user_version')
  if (found <= schemaVersion) return found === schemaVersion
  throw new QueueCanaryError(
    'STORE_REFUSED',
    `the store ${path} was written by a newer release (schema ${found}, this one reads up to ${schemaVersion}): upgrade, or use another file`,
  )
}

function createSchema(connection: DatabaseSync, path: string): void {
  if (readNumber(connection, 'SELECT count(*) FROM sqlite_schema') > 0) {
    throw new QueueCanaryError(
      'STORE_REFUSED',
      `the file ${path} is a database of something else: use another file for the store`,
    )
  }
  connection.exec(`
    CREATE TABLE documents (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, revision TEXT NOT NULL);
    PRAGMA user_version = ${schemaVersion}`)
}

function readNumber(connection: DatabaseSync, query: string): number {
  return Number(Object.values(connection.prepare(query).get() ?? {})[0])
}

function statements(connection: DatabaseSync): Omit<Database, 'isCurrent' | 'close'> {
  return {
    get: connection.prepare('SELECT value, revision FROM documents WHERE key = ?'),
    insert: connection.prepare(
      'INSERT INTO documents (key, value, revision) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING',
    ),
    update: connection.prepare('UPDATE documents SET value = ?, revision = ? WHERE key = ? AND revision = ?'),
    from: connection.prepare('SELECT key, value, revision FROM documents WHERE key >= ? ORDER BY key'),
    remove: connection.prepare('DELETE FROM documents WHERE key = ?'),
  }
}
