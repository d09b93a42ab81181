import { AckRun } from './ack-run.ts'
import type { Settler } from './delivery.ts'
import { cancelledByBroker } from './lane.ts'
import type { Lane, LaneSettings } from './lane.ts'

const tag = 'stream'

/** Takes whatever comes, at the full prefetch, and acks in runs: once in a turn of the event loop. */
export class StreamingLane implements Lane, Settler {
  readonly #settings: LaneSettings
  readonly #run = new AckRun()
  #flushing = false
  #consuming: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(settings: LaneSettings) {
    this.#settings = settings
  }

  get alive(): boolean {
    return this.#settings.session.alive
  }

  async start(): Promise<void> {
    this.#consuming = this.#consume()
    await this.#consuming
  }

  permitted(): void {}

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  ack(deliveryTag: number): boolean {
    if (!this.alive) return false
    this.#run.ack(deliveryTag)
    if (!this.#flushing) {
      this.#flushing = true
      setImmediate(() => this.flush())
    }
    return true
  }

  nack(deliveryTag: number, requeue: boolean): boolean {
    if (!this.#settings.session.nack(deliveryTag, requeue)) return false
    this.#run.skip(deliveryTag)
    return true
  }

  flush(): void {
    this.#flushing = false
    const { upTo, single } = this.#run.take()
    if (upTo > 0) this.#settings.session.ack(upTo, true)
    for (const deliveryTag of single) this.#settings.session.ack(deliveryTag, false)
  }

  async #consume(): Promise<void> {
    const { session, maxUnsettled, priority, deliver, report } = this.#settings
    try {
      await session.prefetch(Math.min(maxUnsettled, mostPrefetch))
      await session.consume(tag, priority, (raw) => {
        if (raw === null) session.end(cancelledByBroker())
        else deliver(raw, this)
      })
      report('consuming')
    } catch {
      // the session has ended and tells why
    }
  }

  async #stop(): Promise<void> {
    await this.#consuming
    if (this.alive) await this.#settings.session.cancel(tag).catch(() => undefined)
  }
}

/** The protocol has 16 bits for it. */
const mostPrefetch = 65_535
