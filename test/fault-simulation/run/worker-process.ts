import type { Logger } from '../../../src/contracts/logger.ts'
import type { OpenMetricProvider } from '../../../src/contracts/metric-provider.ts'
import { createWorker } from '../../../src/worker/worker.ts'
import type { Worker, WorkerEnd } from '../../../src/worker/worker.ts'
import type { BrokerClient } from '../broker/broker-model.ts'
import type { Start } from '../check/events.ts'
import { rangeOf, schemaHeader } from '../scenario/contract.ts'
import { streamOf } from '../scenario/draw.ts'
import { retryDelayMs, workerLimits } from '../scenario/scenario.ts'
import type { ExternalAnswer, WorkerPlan } from '../scenario/scenario.ts'
import { StoreClient } from '../store/store-client.ts'
import { Container } from '../time/container.ts'
import { inSandbox } from '../time/sandbox.ts'
import { simulatedHandler } from './handler.ts'
import type { QueueWorld } from './queue-world.ts'
import type { World } from './world.ts'

/** What a process does for one queue. */
interface Post {
  readonly queue: QueueWorld
  readonly broker: BrokerClient
  worker: Worker | undefined
  /** When it asked last for the document, of all that was answered. */
  answeredAt: number
}

/** One incarnation of a worker: the product's own code, in a container of its own. */
export class WorkerProcess {
  readonly plan: WorkerPlan
  readonly container: Container
  readonly store: StoreClient
  readonly #world: World
  readonly #posts: readonly Post[]
  #toldAt: number | undefined

  constructor(world: World, plan: WorkerPlan, incarnation: number, onExit: (reason: WorkerEnd['reason']) => void) {
    const { timeline, scenario } = world
    const name = `${plan.name}#${incarnation}`
    const container = new Container({ ...plan, name, timeline, random: streamOf(scenario.seed, name) })
    this.plan = plan
    this.container = container
    this.#world = world
    this.store = new StoreClient({
      server: world.store,
      container,
      timeline,
      latencyMs: scenario.store,
      onAnswer: (key, found, askedAt) => {
        const post = this.#posts.find(({ queue }) => queue.stateKey === key)
        if (post === undefined) return
        // Its watch and its coordination ask in turns: an earlier question may be answered later.
        post.answeredAt = Math.max(post.answeredAt, askedAt)
        post.queue.tell('answer', { at: timeline.now, container: name, state: post.queue.stateIn(found?.value) })
      },
    })
    const { handsBack, keepsRetries } = scenario
    const place = { container, timeline, distance: world.network, handsBack, keepsRetries }
    this.#posts = world.queues.map((queue) => {
      return { queue, broker: queue.connect(place), worker: undefined, answeredAt: -Infinity }
    })
    inSandbox(container, () => void this.#run().then(onExit))
  }

  get brokers(): readonly BrokerClient[] {
    return this.#posts.map(({ broker }) => broker)
  }

  leads(holder: string | undefined): boolean {
    return holder?.startsWith(`${this.container.name}.`) === true
  }

  /** SIGTERM the first time, SIGTERM again the second time. */
  terminate(): void {
    if (!this.container.isAlive) return
    const again = this.#toldAt !== undefined
    this.#world.tell('terminated', { at: this.#world.timeline.now, container: this.container.name })
    this.container.receive(() => {
      this.#toldAt ??= this.container.ranMs
      for (const { worker } of this.#posts) void (again ? worker?.stop() : worker?.drain())
    })
  }

  /** Until all its workers have ended; where one fails, the others drain (`cli/run-crew.ts`). */
  async #run(): Promise<WorkerEnd['reason']> {
    for (const post of this.#posts) post.worker = this.#create(post)
    const reasons = await Promise.all(this.#posts.map((post) => this.#ended(post)))
    const { container, plan } = this
    const sinceToldMs = this.#toldAt === undefined ? undefined : container.ranMs - this.#toldAt
    const reason = worstFirst.find((worst) => reasons.includes(worst)) ?? 'retired'
    const { now } = this.#world.timeline
    this.#world.tell('exit', { at: now, container: container.name, version: plan.version, reason, sinceToldMs })
    container.kill()
    return reason
  }

  async #ended({ worker }: Post): Promise<WorkerEnd['reason']> {
    if (worker === undefined) throw new Error('a worker ended that was never created')
    void worker.start()
    const { reason } = await worker.done
    if (reason === 'failed') for (const post of this.#posts) void post.worker?.drain()
    return reason
  }

  #create(post: Post): Worker {
    const { plan, container, store } = this
    const { queue, broker } = post
    const { timeline, scenario } = this.#world
    const { name, random } = container
    const hex = (): string =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return createWorker({
      ...workerLimits,
      retryDelayMs: retryDelayMs(scenario),
      queue: queue.name,
      broker,
      store,
      version: plan.version,
      handler: this.#handler(post, plan.version),
      ...(plan.isSolo && { canary: { version: 'v2', handler: this.#handler(post, 'v2') } }),
      concurrency: plan.concurrency,
      workerId: name,
      metrics: metricsOf(scenario.quality.external),
      clock: container.clock,
      random,
      newId: hex,
      log: this.#logger(queue),
      onState: ({ version, state }) => queue.tell('state', { at: timeline.now, container: name, version, state }),
    })
  }

  #handler(post: Post, version: string) {
    const { container } = this
    const { scenario, timeline } = this.#world
    const { tell } = post.queue
    return simulatedHandler({
      container,
      version,
      quality: scenario.quality,
      batch: scenario.batch,
      accepts: scenario.contract && { header: schemaHeader, range: rangeOf(scenario.contract, version) },
      isOut: () => this.#world.isOut,
      onStart: ({ id, headers, redelivered, group }, { role, attempt }) => {
        const report = post.worker?.snapshot().find((consumer) => consumer.version === version)
        if (report === undefined) throw new Error(`${version} is not hosted here`)
        const start: Start = {
          at: timeline.now,
          container: container.name,
          unansweredMs: container.clock.now() - post.answeredAt,
          version,
          role,
          message: id,
          dispatch: Number(headers['dispatch']),
          source: headers['source'] === 'handBack' ? 'handBack' : 'queue',
          attempt,
          redelivered,
          group,
          report,
        }
        tell('start', start)
        return start
      },
      onEnd: (start, outcome) => tell('end', { at: timeline.now, start, outcome }),
    })
  }

  #logger({ tell }: QueueWorld): Logger {
    const { container } = this
    const { timeline } = this.#world
    const log = (fields: object, text: string): void =>
      tell('log', { at: timeline.now, container: container.name, line: `${text} ${JSON.stringify(fields)}` })
    return { debug: log, info: log, warn: log, error: log }
  }
}

const worstFirst = ['failed', 'stopped', 'drained', 'retired'] as const

function metricsOf(answer: ExternalAnswer | undefined): OpenMetricProvider {
  return () =>
    Promise.resolve({
      measure: () => {
        switch (answer) {
          case 'good':
            return Promise.resolve({ kind: 'value', value: 0.5 })
          case 'bad':
            return Promise.resolve({ kind: 'value', value: 2 })
          case 'nan':
            return Promise.resolve({ kind: 'value', value: Number.NaN })
          case 'noData':
            return Promise.resolve({ kind: 'noData', why: 'there is no series' })
          case 'never':
            return new Promise(() => undefined)
          case 'error':
          case undefined:
            return Promise.resolve({ kind: 'error', why: 'the provider is away' })
        }
      },
    })
}
