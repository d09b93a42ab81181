import { startDebianServer } from './store-server-debian.ts'
import { startDockerServer } from './store-server-docker.ts'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { firstServer, forcedKind } from './server-kinds.ts'
import type { ServerKind } from './server-kinds.ts'

/** How to start one kind of store server. */
export interface ServerPlan {
  readonly name: string
  /** The environment variable that may hold the URL of a server. */
  readonly variable: string
  readonly urlAt: (port: number) => string
  /** Rejects while the server is not ready. */
  readonly answers: (url: string) => Promise<unknown>
  readonly docker: ContainerPlan
  readonly debian: DebianPlan
}

export interface ContainerPlan {
  readonly image: string
  /** Its port in the container; undefined: it shares the network of the host, and its command says where it listens. */
  readonly port: number | undefined
  readonly command: (port: number) => readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly files?: readonly { readonly content: string; readonly target: string }[]
}

export interface DebianPlan {
  /** Installs what is missing, prepares the empty directory, and resolves to what is to be run in it. */
  readonly prepare: (
    directory: string,
    port: number,
  ) => Promise<{ readonly binary: string; readonly args: readonly string[] }>
  /** The user that it runs as where the tests run as root. */
  readonly user?: string
}

export interface StoreServer {
  readonly kind: ServerKind
  readonly url: string
  /** undefined where the server was given: it is not ours to break. */
  readonly control: ServerControl | undefined
  stop(): Promise<void>
}

export interface ServerControl {
  /** SIGKILL, as in a crash. What it keeps on its disk stays. */
  kill(): Promise<void>
  /** An orderly end, as of a server that is updated. */
  terminate(): Promise<void>
  /** Resolves when it answers. */
  start(): Promise<void>
  /** Everything stands still: connections stay open, nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
}

/** The process or container behind a control. */
export interface ServerBody extends ServerControl {
  stop(): Promise<void>
}

/**
 * The server for tests: its variable, else a container, else Debian's package. `QUEUE_CANARY_TEST_SERVER=debian` prefers the package. Rejects
 * with the reason of each that was tried.
 */
export async function startStoreServer(plan: ServerPlan, env: NodeJS.ProcessEnv = process.env): Promise<StoreServer> {
  const given = env[plan.variable]
  const own: readonly ServerKind[] = forcedKind(env) === 'debian' ? ['debian', 'docker'] : ['docker', 'debian']
  return firstServer({
    what: plan.name,
    hint: `Set ${plan.variable}, start Docker, or use a Debian machine.`,
    kinds: given === undefined ? own : ['url'],
    start: (kind) => (given === undefined ? startOwn(plan, kind) : useGiven(plan, given)),
  })
}

async function useGiven({ answers, name }: ServerPlan, url: string): Promise<StoreServer> {
  await eventually(() => answers(url), { what: `${name} answers`, deadlineMs: 30_000 })
  return { kind: 'url', url, control: undefined, stop: async () => {} }
}

async function startOwn(plan: ServerPlan, kind: ServerKind): Promise<StoreServer> {
  const [port = 0] = await freePorts(1)
  const url = plan.urlAt(port)
  const body = await (kind === 'docker' ? startDockerServer(plan.docker, port) : startDebianServer(plan.debian, port))
  const ready = () => eventually(() => plan.answers(url), { what: `${plan.name} answers`, deadlineMs: 60_000 })
  try {
    await ready()
  } catch (error) {
    await body.stop()
    throw error
  }
  const start = async (): Promise<void> => {
    await body.start()
    await ready()
  }
  return { kind, url, control: { ...body, start }, stop: () => body.stop() }
}

/** The URL with another port of this machine (a proxy). */
export function atPort(url: string, port: number): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = `${port}`
  return changed.href
}
