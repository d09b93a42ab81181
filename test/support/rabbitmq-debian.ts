import { execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installPackage } from './debian-package.ts'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { awaitRabbitmq } from './rabbitmq-answers.ts'
import type { DebianNode, RabbitmqHandle } from './rabbitmq-handle.ts'

const run = promisify(execFile)

/** The package's own scripts: those in the PATH change to the user of the machine's server. */
const scripts = '/usr/lib/rabbitmq/bin'

/** Starts a node from Debian's package, which is installed where that is missing and possible. */
export async function startDebianRabbitmq(): Promise<{ handle: RabbitmqHandle; stop: () => Promise<void> }> {
  if (!existsSync(join(scripts, 'rabbitmq-server'))) await installPackage('rabbitmq-server')
  const node = await newNode()
  const url = `amqp://guest:guest@127.0.0.1:${node.ports.amqp}`
  await launchDebianNode(node)
  try {
    await awaitRabbitmq(url)
  } catch (error) {
    const log = readFileSync(join(node.directory, 'console.log'), 'utf8').slice(-2_000)
    await dispose(node)
    throw new Error(`rabbitmq-server did not start; it wrote:\n${log}`, { cause: error })
  }
  return { handle: { kind: 'debian', url, node }, stop: () => dispose(node) }
}

/** The node outlives the process that launches it: a test may do it, the global set-up stops it. */
export async function launchDebianNode(node: DebianNode): Promise<void> {
  const console = openSync(join(node.directory, 'console.log'), 'a')
  const stdio = ['ignore', console, console] as const
  const server = spawn(join(scripts, 'rabbitmq-server'), { env: environment(node), detached: true, stdio: [...stdio] })
  closeSync(console)
  server.unref()
  await new Promise((resolve, reject) => server.once('spawn', resolve).once('error', reject))
}

/** The pid of the process that got the signal; undefined where none runs. */
export function signalDebianNode(node: DebianNode, signal: NodeJS.Signals): number | undefined {
  const file = join(node.directory, 'pid')
  if (!existsSync(file)) return undefined
  const pid = Number(readFileSync(file, 'utf8'))
  return signalled(pid, signal) ? pid : undefined
}

/** Sends the signal and resolves when the process is gone. */
export async function killDebianNode(node: DebianNode, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = signalDebianNode(node, signal)
  if (pid === undefined) return
  await eventually(() => !signalled(pid, 0), { what: 'the end of rabbitmq-server', deadlineMs: 40_000 })
}

export async function debianCommand(node: DebianNode, script: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(join(scripts, script), args, { env: environment(node), timeout: 60_000 })
  return stdout
}

async function newNode(): Promise<DebianNode> {
  const directory = await mkdtemp(join(tmpdir(), 'queue-canary-rabbitmq-'))
  for (const part of ['mnesia', 'log', 'home']) mkdirSync(join(directory, part))
  writeFileSync(join(directory, 'plugins'), '[].\n')
  writeFileSync(join(directory, 'rabbitmq.conf'), '')
  const [amqp = 0, distribution = 0, epmd = 0] = await freePorts(3)
  return { directory, name: `queue-canary-${amqp}@localhost`, ports: { amqp, distribution, epmd } }
}

function environment({ directory, name, ports }: DebianNode): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: join(directory, 'home'),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: name,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(directory, 'feature-flags'),
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(directory, 'no-environment'),
  }
}

async function dispose(node: DebianNode): Promise<void> {
  await killDebianNode(node, 'SIGTERM').catch(() => killDebianNode(node, 'SIGKILL'))
  await run('epmd', ['-port', String(node.ports.epmd), '-kill'], { timeout: 10_000 }).catch(() => undefined)
  rmSync(node.directory, { recursive: true, force: true })
}

function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
