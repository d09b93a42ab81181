import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, settles } from './eventually.ts'
import type { DebianPlan, ServerBody } from './store-server.ts'

/** Runs the binary of Debian's package in a directory of its own. */
export async function startDebianServer(plan: DebianPlan, port: number): Promise<ServerBody> {
  const directory = await mkdtemp(join(tmpdir(), 'queue-canary-store-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const { binary, args } = await plan.prepare(directory, port)
    const owner = identity(plan.user)
    if (owner !== undefined) chownSync(directory, owner.uid, owner.gid)
    const server = new ServerChild(directory, { binary, args, owner })
    await server.start()
    return {
      kill: () => server.end('SIGKILL'),
      terminate: () => server.terminate(),
      start: () => server.start(),
      pause: () => server.pause(),
      resume: async () => server.signal('SIGCONT'),
      stop: async () => {
        await server.end('SIGKILL')
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Whom the server runs as; undefined: as the tests do. */
export function identity(user: string | undefined): Owner | undefined {
  if (user === undefined || process.getuid?.() !== 0) return undefined
  const read = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: read('-u'), gid: read('-g') }
}

interface Program {
  readonly binary: string
  readonly args: readonly string[]
  readonly owner: Owner | undefined
}

class ServerChild {
  readonly #directory: string
  readonly #program: Program
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()

  constructor(directory: string, program: Program) {
    this.#directory = directory
    this.#program = program
    process.once('exit', () => this.signal('SIGKILL'))
  }

  async start(): Promise<void> {
    const { binary, args, owner } = this.#program
    const output = openSync(join(this.#directory, 'console.log'), 'a')
    const child = spawn(binary, args, {
      cwd: this.#directory,
      stdio: ['ignore', output, output],
      ...owner,
    })
    closeSync(output)
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  }

  /** Only to the server, which ends its children. PostgreSQL does not wait for its clients when it is interrupted. */
  terminate(): Promise<void> {
    this.#child?.kill('SIGINT')
    return this.#gone()
  }

  /** To the server and its children: PostgreSQL has one for each connection. */
  signal(signal: NodeJS.Signals): void {
    for (const each of this.#family()) send(each, signal)
  }

  #family(): readonly number[] {
    const pid = this.#child?.pid
    if (pid === undefined || this.#child?.exitCode !== null || this.#child.signalCode !== null) return []
    return [pid, ...childrenOf(pid)]
  }

  /** A thread may answer a little longer. */
  async pause(): Promise<void> {
    this.signal('SIGSTOP')
    await eventually(() => this.#family().every(standsStill), { what: 'the server stands still' })
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal)
    await this.#gone()
  }

  async #gone(): Promise<void> {
    try {
      await settles(this.#ended, { what: 'the end of the server', deadlineMs: 20_000 })
    } catch (cause) {
      const log = readFileSync(join(this.#directory, 'console.log'), 'utf8').slice(-2_000)
      throw new Error(`the server did not end; it wrote:\n${log}`, { cause })
    }
  }
}

function childrenOf(pid: number): readonly number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return listed === '' ? [] : listed.split(' ').map(Number)
}

function standsStill(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.every((thread) => / T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')))
}

/** A child may have ended since it was listed. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // gone: as it should be
  }
}
