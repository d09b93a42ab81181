import { Coordinator } from '../coordinator/coordinator.ts'
import type { ConsumerReport, DrainReport } from '../core/rollout/consumer-report.ts'
import { createQueueRecords } from '../records/queue-records.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import { RememberingRecords } from '../records/remembering-records.ts'
import { AutomaticStart } from './automatic-start.ts'
import { Consumer } from './consumer.ts'
import type { ConsumerEnd } from './consumer-options.ts'
import { withFields } from './log-fields.ts'
import type { HostedVersion, ResolvedOptions } from './worker-options.ts'

/** One version in this process: a consumer, and the next incarnation of it where the version is wanted again. */
export class Host {
  readonly #options: ResolvedOptions
  readonly #hosted: HostedVersion
  /** Of all incarnations: the next one knows what the last one knew. */
  readonly #records: QueueRecords
  readonly #settled = Promise.withResolvers<void>()
  #consumer: Consumer
  #ending: number | undefined

  constructor(options: ResolvedOptions, hosted: HostedVersion) {
    this.#options = options
    this.#hosted = hosted
    const { queue, namespace, store } = options
    const log = withFields(options.log, { queue, version: hosted.version })
    this.#records = new RememberingRecords(createQueueRecords(store, { namespace, queue }), log)
    this.#consumer = this.#incarnate()
  }

  /** Resolves when the version is ready to take messages, or will not become so. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  snapshot(): ConsumerReport {
    return this.#consumer.snapshot()
  }

  /** Resolves when the version takes no message in this process any more. Never rejects. */
  async run(): Promise<ConsumerEnd> {
    for (;;) {
      const consumer = this.#consumer
      void consumer.settled.then(this.#settled.resolve)
      const end = await consumer.run()
      const goesOn = end.reason === 'renewed' || (end.reason === 'retired' && this.#options.whenRetired === 'idle')
      if (!goesOn || this.#ending !== undefined) return end
      this.#consumer = this.#incarnate()
    }
  }

  drain(timeoutMs: number): Promise<DrainReport | undefined> {
    this.#ending = timeoutMs
    return this.#consumer.drain(timeoutMs)
  }

  #incarnate(): Consumer {
    const { queue, namespace, store, workerId, newId, onState, clock, metrics, automatic } = this.#options
    const { version, handler, broker } = this.#hosted
    const id = `${workerId}.${newId()}.${version}`
    const log = withFields(this.#options.log, { queue, version, consumer: id })
    const records = this.#records
    return new Consumer({
      ...this.#options,
      id,
      worker: workerId,
      version,
      handler,
      broker,
      records,
      log,
      automatic: automatic && new AutomaticStart({ ...this.#options, records, version, pinned: automatic, log }),
      registers: this.#hosted === this.#options.hosted[0],
      coordinator: new Coordinator({
        records,
        broker,
        clock,
        log,
        consumer: { id, version },
        peers: (name) => createQueueRecords(store, { namespace, queue: name }),
        external: metrics && { open: metrics, queue, namespace },
      }),
      onState: (state) => onState({ consumer: id, version, state }),
    })
  }
}
