import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import { eventually, settles } from './eventually.ts'

export interface Launch {
  /** What failures call it. */
  readonly name: string
  /** Arguments of this test run's own Node. */
  readonly args: readonly string[]
  /** The whole environment but `PATH`, `HOME` and a place for compiled code: nothing leaks from the test run into the process. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Running {
  readonly name: string
  readonly pid: number
  readonly stdout: string
  readonly stderr: string
  /** undefined while it runs. */
  readonly exit: Exit | undefined
  signal(signal: NodeJS.Signals): void
  /** Its exit, or a rejection after the deadline that shows what it wrote last. */
  exited(deadlineMs?: number): Promise<Exit>
  /** The same, for one exit code: any other end is a rejection that shows what it wrote last. */
  exitsWith(code: number, deadlineMs?: number): Promise<void>
  /** Resolves once the text it wrote so far (both streams) matches. Rejects after the deadline, and at once when it ends without it. */
  says(pattern: RegExp, deadlineMs?: number): Promise<void>
}

export interface Processes {
  readonly all: readonly Running[]
  launch(launch: Launch): Running
  /** Everything that every process wrote, for claims about the whole run. */
  output(): string
  /** Kills what still runs, stopped processes too, and resolves once all are gone. */
  killAll(): Promise<void>
}

/** Child processes of one test. Whoever makes it registers `killAll` for teardown. */
export function createProcesses(): Processes {
  const all: Child[] = []
  return {
    all,
    launch(launch) {
      const child = new Child(launch)
      all.push(child)
      return child
    },
    output: () => all.map(({ stdout, stderr }) => stdout + stderr).join('\n'),
    async killAll() {
      for (const child of all) child.signal('SIGKILL')
      await Promise.all(all.map((child) => child.exited(10_000)))
    },
  }
}

/** Where processes find what others have compiled before them: half of what a start costs. */
const compiled = new URL('../../node_modules/.cache/queue-canary', import.meta.url).pathname

class Child implements Running {
  readonly name: string
  readonly pid: number
  stdout = ''
  stderr = ''
  exit: Exit | undefined
  readonly #process: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<Exit>

  constructor({ name, args, env = {}, cwd }: Launch) {
    const { PATH, HOME } = process.env
    this.name = name
    this.#process = spawn(process.execPath, args, {
      ...(cwd !== undefined && { cwd }),
      env: { PATH, HOME, NODE_COMPILE_CACHE: compiled, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { pid, stdout, stderr } = this.#process
    if (pid === undefined) throw new Error(`${name} did not start`)
    this.pid = pid
    stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.exit = { code, signal }
        resolve(this.exit)
      })
    })
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exit === undefined) this.#process.kill(signal)
  }

  async exited(deadlineMs = 30_000): Promise<Exit> {
    try {
      return await settles(this.#ended, { what: `${this.name} ends`, deadlineMs })
    } catch (cause) {
      throw new Error(`${this.name} did not end within ${deadlineMs} ms; it wrote last: ${this.#tail()}`, { cause })
    }
  }

  async exitsWith(code: number, deadlineMs?: number): Promise<void> {
    const exit = await this.exited(deadlineMs)
    if (exit.code !== code)
      throw new Error(`${this.name} ended with ${JSON.stringify(exit)} instead of ${code}: ${this.#tail()}`)
  }

  async says(pattern: RegExp, deadlineMs = 30_000): Promise<void> {
    const heard = (): boolean => pattern.test(this.stdout) || pattern.test(this.stderr)
    try {
      await eventually(() => heard() || this.exit !== undefined, { what: `${this.name} says ${pattern}`, deadlineMs })
    } catch (cause) {
      throw new Error(`${this.name} did not say ${pattern} within ${deadlineMs} ms: ${this.#tail()}`, { cause })
    }
    if (!heard())
      throw new Error(`${this.name} ended (${JSON.stringify(this.exit)}) and never said ${pattern}: ${this.#tail()}`)
  }

  #tail(): string {
    return `\n${this.stdout.slice(-1_500)}\n${this.stderr.slice(-3_000)}`
  }
}
