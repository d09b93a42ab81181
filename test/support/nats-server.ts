import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import { installPackage } from './debian-package.ts'
import { freePorts } from './free-ports.ts'
import { startStoreServer } from './store-server.ts'
import type { StoreServer } from './store-server.ts'

const binary = '/usr/sbin/nats-server'

export interface NatsSetting {
  /** Its configuration file. @default JetStream for everybody */
  readonly config: string
  /** What stands before the `@` of its URL. */
  readonly login?: string
  /** True: other servers of this machine reach it too. */
  readonly isNode?: boolean
}

/** A NATS server for tests. One with a setting of its own is never the one at `NATS_URL`. */
export function startNats(setting?: NatsSetting): Promise<StoreServer> {
  const content = setting?.config ?? 'jetstream {}'
  const login = setting?.login === undefined ? '' : `${setting.login}@`
  const args = (file: string, folder: string): readonly string[] => [
    '-c',
    file,
    ...(content.includes('jetstream') ? ['-sd', folder] : []),
  ]
  const target = '/etc/nats-test.conf'
  return startStoreServer(
    {
      name: 'NATS',
      variable: 'NATS_URL',
      urlAt: (port) => `nats://${login}127.0.0.1:${port}`,
      answers: (url) => withNats(url, (connection) => connection.rtt()),
      docker: {
        image: 'nats:2',
        port: setting?.isNode === true ? undefined : 4222,
        command: (port) => [...(setting?.isNode === true ? listening(port) : []), ...args(target, '/tmp/jetstream')],
        files: [{ content, target }],
      },
      debian: {
        async prepare(directory, port) {
          if (!existsSync(binary)) await installPackage('nats-server')
          await checkVersion()
          const file = join(directory, 'nats.conf')
          writeFileSync(file, content)
          return { binary, args: [...listening(port), ...args(file, join(directory, 'jetstream'))] }
        },
      },
    },
    setting === undefined ? process.env : { ...process.env, NATS_URL: undefined },
  )
}

function listening(port: number): readonly string[] {
  return ['-a', '127.0.0.1', '-p', `${port}`]
}

/** The settings of servers that are one cluster, as soon as most of them run. */
export async function natsNodes(count: number): Promise<readonly NatsSetting[]> {
  const ports = await freePorts(count)
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
  return ports.map((port) => ({
    config: `jetstream {}
      server_name: "node-${port}"
      cluster { name: tests, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
    isNode: true,
  }))
}

/** Debian 12 has one that is too old for the store. */
async function checkVersion(): Promise<void> {
  const { stdout } = await promisify(execFile)(binary, ['--version'])
  const [, minor] = /v2\.(\d+)\./.exec(stdout) ?? []
  if (Number(minor) < 10) throw new Error(`${stdout.trim()} is installed, and 2.10 or later is needed`)
}

/** What an administrator does over a connection. */
export async function withNats<T>(url: string, act: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const { host, username, password } = new URL(url)
  const login = username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  const connection = await connect({ servers: host, reconnect: false, timeout: 5_000, ...login })
  try {
    return await act(connection)
  } finally {
    await connection.close()
  }
}

/** One request to the interface for streams; errors of the server are part of the answer. */
export function jetStream(url: string, call: string, body: unknown = {}): Promise<Record<string, unknown>> {
  return withNats(url, async (connection) =>
    (await connection.request(`$JS.API.${call}`, JSON.stringify(body), { timeout: 5_000 })).json(),
  )
}
