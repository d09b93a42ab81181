import type { Logger } from '../../../src/contracts/logger.ts'
import type { OpenMetricProvider } from '../../../src/contracts/metric-provider.ts'
import { createWorker } from '../../../src/worker/worker.ts'
import type { Worker, WorkerEnd } from '../../../src/worker/worker.ts'
import type { BrokerClient } from '../broker/broker-model.ts'
import { queueName } from '../broker/broker-model.ts'
import type { Start } from '../check/events.ts'
import { streamOf } from '../scenario/draw.ts'
import { retryDelayMs, workerLimits } from '../scenario/scenario.ts'
import type { ExternalAnswer, WorkerPlan } from '../scenario/scenario.ts'
import { StoreClient } from '../store/store-client.ts'
import { Container } from '../time/container.ts'
import { inSandbox } from '../time/sandbox.ts'
import { simulatedHandler } from './handler.ts'
import { stateKey } from './world.ts'
import type { World } from './world.ts'

/** One incarnation of a worker: the product's own code, in a container of its own. */
export class WorkerProcess {
  readonly plan: WorkerPlan
  readonly container: Container
  readonly store: StoreClient
  readonly broker: BrokerClient
  readonly #world: World
  #worker: Worker | undefined
  #answeredAt = -Infinity
  #toldAt: number | undefined

  constructor(world: World, plan: WorkerPlan, incarnation: number, onExit: (end: WorkerEnd) => void) {
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
      onAnswer: (key, found) => {
        if (key !== stateKey) return
        this.#answeredAt = container.clock.now()
        const state = world.stateIn(found?.value)
        world.tell('answer', { at: timeline.now, container: name, state })
      },
    })
    const { handsBack, keepsRetries } = scenario
    this.broker = world.connect({ container, timeline, distance: world.network, handsBack, keepsRetries })
    inSandbox(container, () => {
      this.#worker = this.#create()
      void this.#worker.start()
      void this.#worker.done.then((end) => {
        world.tell('exit', {
          at: timeline.now,
          container: name,
          version: plan.version,
          end,
          sinceToldMs: this.#toldAt === undefined ? undefined : container.ranMs - this.#toldAt,
        })
        container.kill()
        onExit(end)
      })
    })
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
      void (again ? this.#worker?.stop() : this.#worker?.drain())
    })
  }

  #create(): Worker {
    const { plan, container, store, broker } = this
    const { name, random } = container
    const hex = (): string =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return createWorker({
      ...workerLimits,
      retryDelayMs: retryDelayMs(this.#world.scenario),
      queue: queueName,
      broker,
      store,
      version: plan.version,
      handler: this.#handler(plan.version),
      ...(plan.isSolo && { canary: { version: 'v2', handler: this.#handler('v2') } }),
      concurrency: plan.concurrency,
      workerId: name,
      metrics: metricsOf(this.#world.scenario.quality.external),
      clock: container.clock,
      random,
      newId: hex,
      log: this.#logger(),
      onState: ({ version, state }) =>
        this.#world.tell('state', { at: this.#world.timeline.now, container: name, version, state }),
    })
  }

  #handler(version: string) {
    const { container } = this
    const { scenario, tell, timeline } = this.#world
    return simulatedHandler({
      container,
      version,
      quality: scenario.quality,
      isOut: () => this.#world.isOut,
      onStart: ({ id, headers, redelivered, group }, { role, attempt }) => {
        const report = this.#worker?.snapshot().find((consumer) => consumer.version === version)
        if (report === undefined) throw new Error(`${version} is not hosted here`)
        const start: Start = {
          at: timeline.now,
          container: container.name,
          unansweredMs: container.clock.now() - this.#answeredAt,
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

  #logger(): Logger {
    const { container } = this
    const { tell, timeline } = this.#world
    const log = (fields: object, text: string): void =>
      tell('log', { at: timeline.now, container: container.name, line: `${text} ${JSON.stringify(fields)}` })
    return { debug: log, info: log, warn: log, error: log }
  }
}

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
