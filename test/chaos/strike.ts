import { setTimeout as pause } from 'node:timers/promises'
import { leaseMs } from '../integration/support/fault-times.ts'
import { redisCommand } from '../support/redis-server.ts'
import { sql } from '../support/postgres-server.ts'
import { jetStream } from '../support/nats-server.ts'
import type { Running } from '../support/processes.ts'
import type { ServerControl } from '../support/store-server.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import type { Blow, StoreKind } from './cell.ts'
import type { Member } from './member.ts'

/** Less than a lease, and more than two. */
const [pauseMs, freezeMs, silenceMs] = [2_000, 2.4 * leaseMs, 1.6 * leaseMs]
/** A server that died is there again after so long. */
const downMs = 1_000
const stopMs = 30_000

type Act<T> = (struck: T) => Promise<unknown>

/** Strikes a process, and resolves when the blow is over. Whoever died is for the caller to start again. */
export async function strikeMember({ process, links }: Member, blow: Blow): Promise<void> {
  if (process === undefined) throw new Error('nobody is there to be struck')
  const onProcess = processActs[blow]
  await (onProcess === undefined ? strikeLinks([links.broker, links.store], blow) : onProcess(process))
}

const processActs: { readonly [B in Blow]?: Act<Running> } = {
  kill: (process) => end(process, 'SIGKILL'),
  terminate: (process) => end(process, 'SIGTERM'),
  async 'terminate-twice'(process) {
    process.signal('SIGTERM')
    await pause(50)
    await end(process, 'SIGTERM')
  },
  pause: (process) => standStill(process, pauseMs),
  freeze: (process) => standStill(process, freezeMs),
}

async function end(process: Running, signal: NodeJS.Signals): Promise<void> {
  process.signal(signal)
  await process.exited(60_000)
}

async function standStill(process: Running, forMs: number): Promise<void> {
  process.signal('SIGSTOP')
  await pause(forMs)
  process.signal('SIGCONT')
}

/** What can be done to a server of either kind. */
export type Strikable = Pick<ServerControl, 'kill' | 'terminate' | 'start' | 'pause' | 'resume'>

/** Strikes a server, which is there again when it is over. `proxies` are the ways of all processes to it. */
export async function strikeServer(server: Strikable, proxies: readonly TcpProxy[], blow: Blow): Promise<void> {
  const onServer = serverActs[blow]
  await (onServer === undefined ? strikeLinks(proxies, blow) : onServer(server))
}

const serverActs: { readonly [B in Blow]?: Act<Strikable> } = {
  kill: (server) => takeAway(server, downMs),
  stop: (server) => takeAway(server, stopMs),
  async terminate(server) {
    await server.terminate()
    await server.start()
  },
  pause: (server) => haltServer(server, pauseMs),
  freeze: (server) => haltServer(server, freezeMs),
}

async function takeAway(server: Strikable, forMs: number): Promise<void> {
  await server.kill()
  await pause(forMs)
  await server.start()
}

async function haltServer(server: Strikable, forMs: number): Promise<void> {
  await server.pause()
  await pause(forMs)
  await server.resume()
}

async function strikeLinks(proxies: readonly TcpProxy[], blow: Blow): Promise<void> {
  if (blow === 'reset') return proxies.forEach((proxy) => proxy.cutAll())
  if (blow !== 'silence') throw new Error(`nothing is known of the blow ${blow} here`)
  for (const proxy of proxies) proxy.blackHole(true)
  await pause(silenceMs)
  for (const proxy of proxies) proxy.blackHole(false)
}

/** Empties a store, as when its server came back without its disk. */
export async function wipe(kind: StoreKind, url: string): Promise<void> {
  await wipes[kind](url)
}

const wipes: Readonly<Record<StoreKind, (url: string) => Promise<unknown>>> = {
  redis: (url) => redisCommand(url, ['FLUSHALL']),
  postgres: (url) => sql(url, 'drop table if exists queue_canary'),
  nats: (url) => jetStream(url, 'STREAM.DELETE.KV_queue-canary'),
}
