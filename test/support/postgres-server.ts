import { execFile } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { installPackage } from './debian-package.ts'
import { identity } from './store-server-debian.ts'
import { startStoreServer } from './store-server.ts'
import type { StoreServer } from './store-server.ts'

const run = promisify(execFile)
const versions = '/usr/lib/postgresql'
const password = 'made-for-tests'
/** Its own death it survives all the same; that of the machine need not be. */
const settings = ['-c', 'max_connections=60', '-c', 'fsync=off']

/** A PostgreSQL for tests; the user of its URL is a superuser. */
export function startPostgres(): Promise<StoreServer> {
  return startStoreServer({
    name: 'PostgreSQL',
    variable: 'POSTGRES_URL',
    urlAt: (port) => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    answers: (url) => sql(url, 'select 1'),
    docker: {
      image: 'postgres:17',
      port: 5432,
      command: () => settings,
      environment: { POSTGRES_PASSWORD: password },
    },
    debian: { prepare: prepareCluster, user: 'postgres' },
  })
}

async function prepareCluster(directory: string, port: number) {
  if (binaries() === undefined) await installPackage('postgresql')
  const folder = binaries() ?? ''
  const owner = identity('postgres')
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid)
  const data = join(directory, 'data')
  const options = ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C']
  await run(join(folder, 'initdb'), options, { ...owner, cwd: directory, timeout: 60_000 })
  const place = ['-D', data, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-k', directory]
  return { binary: join(folder, 'postgres'), args: [...place, ...settings] }
}

/** Of the newest version that is installed. */
function binaries(): string | undefined {
  if (!existsSync(versions)) return undefined
  const folders = readdirSync(versions).map((version) => join(versions, version, 'bin'))
  return folders.toSorted().findLast((folder) => existsSync(join(folder, 'initdb')))
}

/** Statements of an administrator. */
export async function sql(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows ?? []
  } finally {
    await client.end()
  }
}
