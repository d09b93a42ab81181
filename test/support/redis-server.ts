import { existsSync } from 'node:fs'
import { createClient } from 'redis'
import { installPackage } from './debian-package.ts'
import { freePorts } from './free-ports.ts'
import { startStoreServer } from './store-server.ts'
import type { ServerPlan, StoreServer } from './store-server.ts'

const binary = '/usr/bin/redis-server'
const settings = ['--protected-mode', 'no', '--appendonly', 'yes', '--appendfsync', 'always', '--save', '']

/** A Redis for tests that keeps what it has through a crash. */
export function startRedis(): Promise<StoreServer> {
  return startStoreServer({
    ...plan([]),
    docker: { image, port: 6379, command: () => ['redis-server', ...settings] },
  })
}

/** A node of a cluster, at the same addresses for clients and for other nodes. `REDIS_URL` is none. */
export async function startRedisNode(): Promise<StoreServer & { readonly bus: number }> {
  const [bus = 0] = await freePorts(1)
  const clustered = ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`]
  const docker = { image, port: undefined, command: (port: number) => ['redis-server', ...listening(port, clustered)] }
  const node = await startStoreServer({ ...plan(clustered), docker }, { ...process.env, REDIS_URL: undefined })
  return { ...node, bus }
}

const image = 'redis:8'

function plan(args: readonly string[]): Omit<ServerPlan, 'docker'> {
  return {
    name: 'Redis',
    variable: 'REDIS_URL',
    urlAt: (port) => `redis://127.0.0.1:${port}`,
    answers: async (url) => redisCommand(url, ['PING']),
    debian: {
      async prepare(_, port) {
        if (!existsSync(binary)) await installPackage('redis-server')
        return { binary, args: listening(port, args) }
      },
    },
  }
}

function listening(port: number, args: readonly string[]): readonly string[] {
  return ['--port', `${port}`, '--bind', '127.0.0.1', ...settings, ...args]
}

/** One command of an administrator. */
export async function redisCommand(url: string, command: readonly string[]): Promise<unknown> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false, connectTimeout: 2_000 } })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.sendCommand([...command])
  } finally {
    client.destroy()
  }
}
