import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { pauseContainer } from './pause-container.ts'
import { awaitRabbitmq } from './rabbitmq-answers.ts'
import { debianCommand, killDebianNode, launchDebianNode, signalDebianNode } from './rabbitmq-debian.ts'
import type { RabbitmqHandle } from './rabbitmq-handle.ts'

export type { RabbitmqHandle } from './rabbitmq-handle.ts'

/** The server of this test run. */
export interface RabbitmqServer {
  readonly kind: RabbitmqHandle['kind']
  /** `amqp://guest:guest@host:port`, for an administrator. */
  readonly url: string
  /** What only the owner of a server can do; undefined for one that was given by `AMQP_URL`. */
  readonly control: RabbitmqControl | undefined
}

/** Each resolves when it has taken effect, and rejects with the command's own words. */
export interface RabbitmqControl {
  /** `rabbitmqctl` with these arguments; its output. */
  ctl(...args: readonly string[]): Promise<string>
  closeAllConnections(): Promise<void>
  /** Stops and starts the server inside its runtime: connections are closed, durable messages stay. */
  stopApp(): Promise<void>
  startApp(): Promise<void>
  /** An orderly stop of the process, and a start. */
  restart(): Promise<void>
  /** An orderly end. Every later call but `start` fails, as after `kill`. */
  terminate(): Promise<void>
  /** SIGKILL, as in a crash. */
  kill(): Promise<void>
  /** Everything stands still: connections stay open, nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
  start(): Promise<void>
  /** Creates the user if need be, with this password and these rights (regular expressions) on `/`. */
  setUser(user: string, password: string, rights?: UserRights): Promise<void>
  clearPermissions(user: string): Promise<void>
  deleteUser(user: string): Promise<void>
}

export interface UserRights {
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** In a test of the project `broker`: the server that its global set-up chose. */
export function testServer(): RabbitmqServer {
  return openRabbitmq(inject('rabbitmq'))
}

export function openRabbitmq(handle: RabbitmqHandle): RabbitmqServer {
  const { kind, url } = handle
  return { kind, url, control: handle.kind === 'url' ? undefined : controlOf(processOf(handle), url) }
}

/** `url` with other credentials, or another port of the same machine (a proxy). */
export function variant(
  url: string,
  change: { readonly user?: string; readonly password?: string; readonly port?: number },
): string {
  const { host, port } = { host: new URL(url).hostname, port: new URL(url).port }
  const user = encodeURIComponent(change.user ?? 'guest')
  const password = encodeURIComponent(change.password ?? 'guest')
  return `amqp://${user}:${password}@${change.port === undefined ? `${host}:${port}` : `127.0.0.1:${change.port}`}`
}

/** The server's process: how to command, kill and start it. */
interface ServerProcess {
  ctl(args: readonly string[]): Promise<string>
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
}

const run = promisify(execFile)
const commandLimit = { timeout: 60_000 }

function processOf(handle: Exclude<RabbitmqHandle, { kind: 'url' }>): ServerProcess {
  if (handle.kind === 'debian') {
    const { node } = handle
    return {
      ctl: (args) => debianCommand(node, 'rabbitmqctl', args),
      kill: () => killDebianNode(node, 'SIGKILL'),
      start: () => launchDebianNode(node),
      stop: () => killDebianNode(node, 'SIGTERM'),
      pause: async () => void signalDebianNode(node, 'SIGSTOP'),
      resume: async () => void signalDebianNode(node, 'SIGCONT'),
    }
  }
  const docker = async (...args: readonly string[]): Promise<string> => (await run('docker', args, commandLimit)).stdout
  return {
    ctl: (args) => docker('exec', handle.container, 'rabbitmqctl', ...args),
    kill: async () => void (await docker('kill', handle.container)),
    start: async () => void (await docker('start', handle.container)),
    stop: async () => void (await docker('stop', '--time', '30', handle.container)),
    pause: () => pauseContainer(handle.container),
    resume: async () => void (await docker('unpause', handle.container)),
  }
}

function controlOf(server: ServerProcess, url: string): RabbitmqControl {
  const ctl = (...args: readonly string[]): Promise<string> => server.ctl(['-q', ...args])
  const start = async (): Promise<void> => {
    await server.start()
    await awaitRabbitmq(url)
  }
  return {
    ctl,
    closeAllConnections: async () => void (await ctl('close_all_connections', 'closed by a test')),
    stopApp: async () => void (await ctl('stop_app')),
    startApp: async () => {
      await ctl('start_app')
      await awaitRabbitmq(url)
    },
    restart: async () => {
      await server.stop()
      await start()
    },
    terminate: () => server.stop(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    start,
    setUser: (user, password, rights) => setUser(ctl, { user, password, rights }),
    clearPermissions: async (user) => void (await ctl('clear_permissions', user)),
    deleteUser: async (user) => void (await ctl('delete_user', user)),
  }
}

interface NewUser {
  readonly user: string
  readonly password: string
  readonly rights: UserRights | undefined
}

async function setUser(ctl: RabbitmqControl['ctl'], { user, password, rights }: NewUser): Promise<void> {
  const known = (await ctl('list_users')).split('\n').some((line) => line.split('\t')[0] === user)
  await ctl(known ? 'change_password' : 'add_user', user, password)
  const { configure, write, read } = rights ?? { configure: '.*', write: '.*', read: '.*' }
  await ctl('set_permissions', user, configure, write, read)
}
