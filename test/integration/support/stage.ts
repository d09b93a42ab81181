import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { QueueStatus } from '../../../src/status/queue-status.ts'
import { Ledger } from '../../support/ledger.ts'
import type { LedgerEvent } from '../../support/ledger.ts'
import { createProcesses } from '../../support/processes.ts'
import type { Exit, Processes, Running } from '../../support/processes.ts'
import type { RabbitmqControl } from '../../support/rabbitmq.ts'
import type { Teardown } from '../../support/teardown.ts'
import { createPublisher } from './publisher.ts'
import type { Publisher } from './publisher.ts'
import { createQueues } from './queues.ts'
import type { QueueSettings, TestQueues } from './queues.ts'
import type { Server } from './server.ts'
import { workerEnvironment } from './worker-environment.ts'
import type { WorkerOptions } from './worker-environment.ts'

interface Props extends Scene {
  readonly processes: Processes
  readonly dir: string
}

/** What a stage has of its broker. */
export interface Scene {
  /** Variables that tell a worker where the queue is, and how to log in. */
  readonly access: Readonly<Record<string, string>>
  /** What nobody may ever see. */
  readonly secret: string
  readonly control: RabbitmqControl | undefined
  readonly queues: TestQueues
  readonly publisher: Publisher
  /** Where the processes keep their state. @default a file of the stage */
  readonly store?: string
}

/** Makes the queues of one stage, which carry this name, and registers how to remove them. */
export type MakeScene<S> = (settings: S, name: string, teardown: Owner) => Promise<Scene>

/** Where what is opened is registered to be closed. */
export type Owner = Pick<Teardown, 'add'>

/** Outside of a test: what is registered is closed with the stack. */
export function ownerOf(stack: AsyncDisposableStack): Owner {
  return { add: (resource, close) => stack.adopt(resource, async (opened) => void (await close(opened))) }
}

export interface Finished extends Exit {
  readonly stdout: string
  readonly stderr: string
}

const bin = new URL('../../../src/cli/bin.ts', import.meta.url).pathname

/** Opens the stage of a scene; whatever it opens is registered at the teardown. */
export async function openStage<S extends { readonly type: string }>(
  make: MakeScene<S>,
  settings: S,
  teardown: Owner,
): Promise<Stage> {
  const dir = teardown.add(mkdtempSync(join(tmpdir(), 'queue-canary-')), (path) =>
    rmSync(path, { recursive: true, force: true }),
  )
  const scene = await make(settings, `e2e-${settings.type}-${dir.slice(-6)}`, teardown)
  const processes = teardown.add(createProcesses(), (made) => made.killAll())
  return new Stage({ ...scene, dir, processes })
}

/** A queue of its own on a RabbitMQ server. */
export function rabbitmqScene(openServer: () => Promise<Server>): MakeScene<QueueSettings> {
  return async (settings, name, teardown) => {
    const { url, adminUrl, password, control } = await openServer()
    const queues = teardown.add(await createQueues(adminUrl, name, settings), (made) => made.remove())
    const publisher = teardown.add(await createPublisher({ url: adminUrl, queue: name }), (made) => made.close())
    const access = { QUEUE_CANARY_ORDERS_URL: url, QUEUE_CANARY_ORDERS_NAME: name }
    return { access, secret: password, control, queues, publisher }
  }
}

/** One queue on a real server, and the processes that work on it. */
export class Stage implements Props {
  readonly access: Scene['access']
  readonly secret: string
  readonly control: Scene['control']
  readonly queues: TestQueues
  readonly publisher: Publisher
  readonly processes: Processes
  readonly dir: string
  readonly store: string
  readonly #ledger: Ledger
  #policies = 0

  constructor({ access, secret, control, dir, queues, publisher, processes, store }: Props) {
    this.access = access
    this.secret = secret
    this.control = control
    this.dir = dir
    this.queues = queues
    this.publisher = publisher
    this.processes = processes
    this.store = store ?? `sqlite:${join(dir, 'state.db')}`
    this.#ledger = new Ledger(dir)
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
    return this.processes.launch({ name, args: ['--conditions=queue-canary-source', bin, ...args], env, cwd: this.dir })
  }
}
