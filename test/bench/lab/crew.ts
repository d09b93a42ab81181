import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { eventually, settles } from '../../support/eventually.ts'
import type { ConsumerSpec, FromConsumer, FromParent, Reading } from './protocol.ts'

const program = fileURLToPath(new URL('consumer-process.ts', import.meta.url))

/** Consumer processes that start together and are measured together. */
export class Crew {
  readonly #members: readonly Member[]

  private constructor(members: readonly Member[]) {
    this.#members = members
  }

  /**
   * Resolves once each of them consumes, its gate shut; one after the other, for the first version that registers is the stable one.
   * `profileDir`: where each leaves a CPU profile.
   */
  static async start(specs: readonly ConsumerSpec[], profileDir?: string): Promise<Crew> {
    const members: Member[] = []
    const crew = new Crew(members)
    try {
      for (const spec of specs) {
        const member = new Member(spec, profileDir)
        members.push(member)
        await member.ready
      }
      return crew
    } catch (error) {
      await crew.dismiss()
      throw error
    }
  }

  open(): void {
    for (const member of this.#members) member.tell({ kind: 'open' })
  }

  get handled(): number {
    return this.#members.reduce((sum, { handled }) => sum + handled, 0)
  }

  /** Resolves when all of them together handled that many messages; rejects as soon as one of them ended. */
  async untilHandled(messages: number, deadlineMs = 300_000): Promise<void> {
    await eventually(() => this.#checked() >= messages, { what: `${messages} messages to be handled`, deadlineMs })
  }

  /** Reads every member, in the order of the specs, and ends them. */
  async finish(): Promise<readonly Reading[]> {
    try {
      return await Promise.all(this.#members.map((member) => member.finish()))
    } finally {
      await this.dismiss()
    }
  }

  /** Ends whoever still runs. Idempotent. */
  async dismiss(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.end()))
  }

  #checked(): number {
    for (const member of this.#members) member.check()
    return this.handled
  }
}

class Member {
  readonly ready: Promise<void>
  handled = 0
  readonly #process: ChildProcess
  readonly #reading = Promise.withResolvers<Reading>()
  readonly #exited: Promise<void>
  #failure: Error | undefined

  constructor(spec: ConsumerSpec, profileDir: string | undefined) {
    const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
    this.#process = spawn(process.execPath, [...process.execArgv, ...profile, program, JSON.stringify(spec)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    const ready = Promise.withResolvers<void>()
    this.ready = settles(ready.promise, { what: `${spec.consumer} to consume`, deadlineMs: 30_000 })
    this.#exited = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.#failure = new Error(`${spec.consumer} ended (${code ?? signal})`)
        ready.reject(this.#failure)
        this.#reading.reject(this.#failure)
        resolve()
      })
    })
    this.#reading.promise.catch(() => {})
    this.#process.on('message', (message: FromConsumer) => {
      if (message.kind === 'ready') ready.resolve()
      else if (message.kind === 'progress') this.handled = message.handled
      else this.#reading.resolve(message.reading)
    })
  }

  tell(message: FromParent): void {
    if (this.#process.connected) this.#process.send(message)
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async finish(): Promise<Reading> {
    this.tell({ kind: 'finish' })
    const reading = await settles(this.#reading.promise, { what: 'the reading of a consumer' })
    await Promise.race([this.#exited, pause(10_000)])
    return reading
  }

  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
