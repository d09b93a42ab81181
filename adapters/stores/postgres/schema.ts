import { QueueCanaryError } from '../../../src/errors.ts'
import type { Answer, Postgres } from './connect.ts'
import type { Location } from './location.ts'

/** Raised when the table changes in a way that an older release cannot read. */
const schemaVersion = 1
const attempts = 3

/** What makes the table. Its comment says whose it is and of which version; both come into being together or not at all. */
export function definition(table: string): string {
  return `create table ${table} (key bytea primary key, value bytea not null, revision text not null);
comment on table ${table} is 'queue-canary store, schema ${schemaVersion}'`
}

/** Creates the table where it is missing. Others may be doing the same: whoever comes second finds it there. */
export async function prepareSchema(connection: Postgres, location: Location): Promise<void> {
  for (let attempt = 1; !(await isPrepared(connection, location, attempt === attempts)); attempt++);
}

/** False where somebody else seems to be making the table at this moment. */
async function isPrepared(connection: Postgres, { table, address }: Location, isLast: boolean): Promise<boolean> {
  const [found] = (await look(connection, table)).rows
  if (found?.['standby'] === '1') throw Object.assign(new Error('standby'), { code: standby })
  if (typeof found?.['name'] !== 'string') return await isCreated(connection, table, isLast)
  // Names are looked up in the newest catalogue, comments in that of the statement's start: both may just have been made.
  if (typeof found['note'] !== 'string' && !isLast) return false
  checkVersion(found['note'] ?? '', `${address.name}, table ${table},`)
  return true
}

async function isCreated(connection: Postgres, table: string, isLast: boolean): Promise<boolean> {
  try {
    await connection.query(definition(table))
    return true
  } catch (error) {
    if (isLast || !isRace(error)) throw error
    return false
  }
}

/** SQLSTATE of a write to a server that takes none: what a standby would answer to one. */
export const standby = '25006'

function look(connection: Postgres, table: string): Promise<Answer> {
  return connection.query(
    `select to_regclass($1)::text as name, obj_description(to_regclass($1), 'pg_class') as note,
       pg_is_in_recovery()::int::text as standby`,
    [table],
  )
}

function checkVersion(note: string, where: string): void {
  const [, version] = /^queue-canary store, schema (\d+)/.exec(note) ?? []
  if (Number(version) <= schemaVersion) return
  const text =
    version === undefined
      ? 'is a table of something else: choose another name with ?table='
      : `was written by a newer release (schema ${version}, this one reads up to ${schemaVersion}): upgrade, or use another table`
  throw new QueueCanaryError('STORE_REFUSED', `the store ${where} ${text}`)
}

/** Duplicate table, type or key of the catalogue; a comment written by two at once. */
const races: ReadonlySet<unknown> = new Set(['42P07', '42710', '23505', 'XX000'])

function isRace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && races.has(error.code)
}
