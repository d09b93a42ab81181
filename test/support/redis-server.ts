import { existsSync } from 'node:fs'
import { createClient } from 'redis'
import { installPackage } from './debian-package.ts'
import { startStoreServer } from './store-server.ts'
import type { StoreServer } from './store-server.ts'

const binary = '/usr/bin/redis-server'
const settings = ['--protected-mode', 'no', '--appendonly', 'yes', '--appendfsync', 'always', '--save', '']

/** A Redis for tests that keeps what it has through a crash. `args` go to the server. */
export function startRedis(args: readonly string[] = []): Promise<StoreServer> {
  return startStoreServer({
    name: 'Redis',
    variable: 'REDIS_URL',
    urlAt: (port) => `redis://127.0.0.1:${port}`,
    answers: async (url) => redisCommand(url, ['PING']),
    docker: { image: 'redis:8', port: 6379, command: ['redis-server', ...settings, ...args] },
    debian: {
      async prepare(_, port) {
        if (!existsSync(binary)) await installPackage('redis-server')
        return { binary, args: ['--port', `${port}`, '--bind', '127.0.0.1', ...settings, ...args] }
      },
    },
  })
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
