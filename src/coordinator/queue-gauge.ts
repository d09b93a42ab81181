import type { Broker, QueueFacts } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'

const refreshMs = 1_000
const staleMs = 5_000

/** The broker's counts, asked in the background so that a slow broker never delays a look. Old counts are no counts. */
export class QueueGauge {
  readonly #broker: Pick<Broker, 'inspect'>
  readonly #clock: Clock
  #facts: { readonly value: QueueFacts; readonly at: number } | undefined
  #askedAt = -Infinity
  #asking = false

  constructor(broker: Pick<Broker, 'inspect'>, clock: Clock) {
    this.#broker = broker
    this.#clock = clock
  }

  /** What was last heard, not older than a few seconds; starts the next question when it is time. */
  read(): QueueFacts | undefined {
    const now = this.#clock.now()
    if (!this.#asking && now - this.#askedAt >= refreshMs) void this.#ask(now)
    return this.#facts !== undefined && now - this.#facts.at < staleMs ? this.#facts.value : undefined
  }

  async #ask(now: number): Promise<void> {
    this.#asking = true
    this.#askedAt = now
    try {
      this.#facts = { value: await this.#broker.inspect(), at: now }
    } catch {
      // Not knowing is what `read` then says; the adapter reports the trouble on its own.
    } finally {
      this.#asking = false
    }
  }
}
