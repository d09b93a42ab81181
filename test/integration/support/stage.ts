import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { QueueStatus } from '../../../src/status/queue-status.ts'
import { Ledger } from '../../support/ledger.ts'
import type { LedgerEvent } from '../../support/ledger.ts'
import { createProcesses } from '../../support/processes.ts'
import type { Exit, Processes, Running } from '../../support/processes.ts'
import type { Teardown } from '../../support/teardown.ts'
import { createPublisher } from './publisher.ts'
import type { Publisher } from './publisher.ts'
import { createQueues } from './queues.ts'
import type { QueueSettings, TestQueues } from './queues.ts'
import type { Server } from './server.ts'
import { workerEnvironment } from './worker-environment.ts'
import type { WorkerOptions } from './worker-environment.ts'

interface Props {
  readonly server: Server
  readonly queues: TestQueues
  readonly publisher: Publisher
  readonly processes: Processes
  readonly dir: string
}

export interface Finished extends Exit {
  readonly stdout: string
  readonly stderr: string
}

const bin = new URL('../../../src/cli/bin.ts', import.meta.url).pathname

/** What it opens is registered at the teardown. */
export async function openStage(
  server: Server,
  settings: QueueSettings,
  teardown: Pick<Teardown, 'add'>,
): Promise<Stage> {
  const dir = teardown.add(mkdtempSync(join(tmpdir(), 'queue-canary-')), (path) =>
    rmSync(path, { recursive: true, force: true }),
  )
  const name = `e2e-${settings.type}-${dir.slice(-6)}`
  const queues = teardown.add(await createQueues(server.adminUrl, name, settings), (made) => made.remove())
  const publisher = teardown.add(await createPublisher({ url: server.adminUrl, queue: name }), (made) => made.close())
  const processes = teardown.add(createProcesses(), (made) => made.killAll())
  return new Stage({ server, dir, queues, publisher, processes })
}

/** One queue on a real server, and the processes that work on it. */
export class Stage implements Props {
  readonly server: Server
  readonly queues: TestQueues
  readonly publisher: Publisher
  readonly processes: Processes
  readonly dir: string
  readonly #ledger: Ledger
  #policies = 0

  constructor({ server, dir, queues, publisher, processes }: Props) {
    this.server = server
    this.dir = dir
    this.queues = queues
    this.publisher = publisher
    this.processes = processes
    this.#ledger = new Ledger(dir)
  }

  /** Where the processes of this stage keep their state. */
  get store(): string {
    return `sqlite:${join(this.dir, 'state.db')}`
  }

  /** `queue-canary worker`, once it says that it is ready. */
  async worker(version: string, options: WorkerOptions = {}): Promise<Running> {
    const worker = this.launchWorker(version, options)
    await worker.says(/is ready/)
    return worker
  }

  launchWorker(version: string, options: WorkerOptions = {}): Running {
    return this.launch(options.name ?? version, ['worker'], workerEnvironment(this, version, options))
  }

  /** `queue-canary start --watch` for the queue. */
  start(version: string, policy: object | string, ...more: readonly string[]): Running {
    const file = this.writePolicy(policy)
    const rollout = ['start', '--queue', 'orders', '--version', version, '--policy', file, '--watch', ...more]
    return this.launch(`start ${version}`, [...rollout, '--store', this.store])
  }

  /** `queue-canary <args>` with the stage's store, until its end. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const running = this.launch(args.join(' '), [...args, '--store', this.store], env)
    const exit = await running.exited()
    return { ...exit, stdout: running.stdout, stderr: running.stderr }
  }

  async status(): Promise<QueueStatus> {
    const { code, stdout, stderr } = await this.run(['status', '--queue', 'orders', '--json'])
    if (code !== 0) throw new Error(`status ended with ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }

  /** Text as it is; an object as JSON, which is YAML. */
  writePolicy(policy: object | string): string {
    const file = join(this.dir, `policy-${this.#policies++}.yaml`)
    writeFileSync(file, typeof policy === 'string' ? policy : JSON.stringify(policy))
    return file
  }

  ledger(): readonly LedgerEvent[] {
    return this.#ledger.events()
  }

  launch(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    return this.processes.launch({ name, args: ['--conditions=source', bin, ...args], env, cwd: this.dir })
  }
}
