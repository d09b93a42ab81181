import { AckRun } from './ack-run.ts'
import type { Settler } from './delivery.ts'
import type { Lane, LaneSettings } from './lane.ts'

const tag = 'stream'

/** Takes whatever comes, at the full prefetch, and acks in runs: once in a turn of the event loop. */
export class StreamingLane implements Lane, Settler {
  readonly #settings: LaneSettings
  readonly #run = new AckRun()
  #flushing = false
  #credit = 0
  #consuming: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(settings: LaneSettings) {
    this.#settings = settings
  }

  get alive(): boolean {
    return this.#settings.session.alive
  }

  get thirsty(): boolean {
    return this.#credit > 0
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
    this.#credit++
    this.#run.ack(deliveryTag)
    if (!this.#flushing) {
      this.#flushing = true
      setImmediate(() => this.flush())
    }
    return true
  }

  nack(deliveryTag: number, requeue: boolean): boolean {
    if (!this.#settings.session.nack(deliveryTag, requeue)) return false
    this.#credit++
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
    const prefetch = Math.min(maxUnsettled, mostPrefetch)
    try {
      await session.prefetch(prefetch)
      this.#credit = prefetch
      await session.consume(tag, priority, (raw) => {
        this.#credit--
        deliver(raw, this)
      })
      report('consuming')
    } catch {
      // the session has ended and tells why
    }
  }

  async #stop(): Promise<void> {
    await this.#consuming
    this.#credit = Number.NEGATIVE_INFINITY
    if (this.alive) await this.#settings.session.cancel(tag).catch(() => undefined)
  }
}

/** The protocol has 16 bits for it. */
const mostPrefetch = 65_535
