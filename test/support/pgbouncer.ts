import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPackage } from './debian-package.ts'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { sql } from './postgres-server.ts'
import { startDebianServer } from './store-server-debian.ts'

const binary = '/usr/sbin/pgbouncer'

/** A pooler before the server that lends its two connections for one transaction each. Resolves to the URL through it. */
export async function startPgbouncer(target: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const [port = 0] = await freePorts(1)
  const body = await startDebianServer(
    { user: 'postgres', prepare: (directory) => prepare(directory, port, target) },
    port,
  )
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = `${port}`
  await eventually(() => sql(url.href, 'select 1'), { what: 'PgBouncer answers', deadlineMs: 20_000 })
  return { url: url.href, stop: () => body.stop() }
}

async function prepare(directory: string, port: number, target: string) {
  if (!existsSync(binary)) await installPackage('pgbouncer')
  const { hostname, port: serverPort, username, password } = new URL(target)
  const server = `host=${hostname} port=${serverPort} user=${username} password=${password}`
  const settings = [
    `[databases]\n* = ${server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}`,
    'unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 200\n',
  ]
  const file = join(directory, 'pgbouncer.ini')
  writeFileSync(file, settings.join('\n'))
  return { binary, args: [file] }
}
