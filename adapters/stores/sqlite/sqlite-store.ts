import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Entry, Store, Versioned } from '../../../src/contracts/store.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import { isLocked, refusal } from './failures.ts'

export interface SqliteStoreOptions {
  /**
   * The database file; created when it is missing, its directory is not. For the workers of one host: never on a network file system. Who
   * puts a copy in its place removes the `-wal` and `-shm` files beside it too: they belong to the old content.
   */
  readonly path: string
  /** How long a lock of another process is waited for, in milliseconds. @default 5000 */
  readonly deadlineMs?: number
}

/** A store in one SQLite file, opened on first use. Trouble with the file is reported by the call that meets it and looked at anew by the next. */
export function sqliteStore(options: SqliteStoreOptions): Store {
  const use = openOnUse(options)
  return {
    get: (key) => use.run(({ get }) => versioned(get.get(key))),
    put: (key, value, expected) =>
      use.run(({ insert, update }) => {
        // Random, not counted: no revision comes back, not even in a file that was restored from an old copy.
        const revision = randomUUID()
        const { changes } =
          expected === undefined ? insert.run(key, value, revision) : update.run(value, revision, key, expected)
        return changes === 0 ? undefined : revision
      }),
    list: (prefix) => use.run(({ from }) => listPrefix(from.iterate(prefix), prefix)),
    delete: (key) => use.run(({ remove }) => void remove.run(key)),
    close: async () => use.close(),
  }
}

interface Use {
  /** Runs an action on the open file; while another process holds a lock, again and again until the deadline. */
  run<T>(action: (database: Database) => T): Promise<T>
  close(): void
}

function openOnUse({ path: given, deadlineMs = 5_000 }: SqliteStoreOptions): Use {
  const path = resolve(given)
  let database: Database | undefined
  let closed = false

  function drop(): void {
    database?.close()
    database = undefined
  }

  function attempt<T>(action: (database: Database) => T): T {
    if (closed) throw new QueueCanaryError('STORE_REFUSED', `the store ${path} was closed: open a new one`)
    if (database?.isCurrent() === false) drop()
    database ??= openDatabase(path)
    return action(database)
  }

  return {
    async run(action) {
      const deadline = performance.now() + deadlineMs
      for (let longestPause = 5; ; longestPause = Math.min(100, longestPause * 2)) {
        try {
          return attempt(action)
        } catch (error) {
          if (!isLocked(error)) {
            drop()
            throw refusal(path, error)
          }
          if (performance.now() >= deadline) throw locked(path, deadlineMs, error)
        }
        await sleep(Math.random() * longestPause)
      }
    },
    close() {
      closed = true
      drop()
    },
  }
}

function locked(path: string, deadlineMs: number, cause: unknown): QueueCanaryError {
  return new QueueCanaryError(
    'STORE_UNREACHABLE',
    `the store ${path} was locked for ${deadlineMs} ms by another process`,
    { cause },
  )
}

type Row = Readonly<Record<string, unknown>>

function versioned(row: Row | undefined): Versioned | undefined {
  return row && { value: String(row['value']), revision: String(row['revision']) }
}

/** SQLite orders by bytes, strings by UTF-16 units; in both, keys with a common prefix are neighbours. */
function listPrefix(rows: Iterable<Row>, prefix: string): Entry[] {
  const entries: Entry[] = []
  for (const row of rows) {
    const entry = { key: String(row['key']), value: String(row['value']), revision: String(row['revision']) }
    if (!entry.key.startsWith(prefix)) break
    entries.push(entry)
  }
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
}
