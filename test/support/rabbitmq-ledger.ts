import type { Delivery, DeliverySink, LinkState } from '../../src/contracts/broker.ts'
import { eventually } from './eventually.ts'

/** One delivery, as the consumer saw it. Times are `performance.now()`. */
interface Entry {
  readonly id: string
  /** How many links had been lost when it came. */
  readonly link: number
  settledAt: number | undefined
}

/** A consumer that handles every message at once or a little later, and remembers enough to tell loss and duplicates from faults. */
export class LedgerSink implements DeliverySink {
  readonly states: LinkState[] = []
  readonly reasons: string[] = []
  readonly #entries: Entry[] = []
  readonly #lostAt: number[] = []
  #wasLinked = false
  #linkedSince = 0
  readonly #handle: (delivery: Delivery) => void | Promise<void>

  /** `handle` may return a promise; the delivery is acked when it has ended. */
  constructor(handle: (delivery: Delivery) => void | Promise<void> = () => {}) {
    this.#handle = handle
  }

  onDelivery(delivery: Delivery): void {
    const entry: Entry = { id: delivery.message.id, link: this.#lostAt.length, settledAt: undefined }
    this.#entries.push(entry)
    const settle = (): void => {
      if (delivery.ack()) entry.settledAt = performance.now()
    }
    const work = this.#handle(delivery)
    if (work === undefined) settle()
    else void work.then(settle)
  }

  onLink(state: LinkState, reason?: string): void {
    this.states.push(state)
    if (reason !== undefined) this.reasons.push(reason)
    if (!this.#linked()) this.#lostAt.push(performance.now())
    else if (!this.#wasLinked) this.#linkedSince = performance.now()
    this.#wasLinked = this.#linked()
  }

  get state(): LinkState | undefined {
    return this.states.at(-1)
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#entries.map(({ id }) => id))
  }

  get count(): number {
    return this.#entries.length
  }

  async has(ids: readonly string[], deadlineMs = 60_000): Promise<void> {
    await eventually(
      () => {
        const missing = ids.filter((id) => !this.ids.has(id))
        if (missing.length > 0)
          throw new Error(`${missing.length} missing, such as ${missing[0]}; ${this.states.join(' ')}`)
      },
      { what: `${ids.length} messages`, deadlineMs },
    )
  }

  async isLinked(state: LinkState, deadlineMs = 30_000): Promise<void> {
    await eventually(() => this.state === state, { what: `state ${state} (${this.states.join(' ')})`, deadlineMs })
  }

  /** Waits until a link has worked for so long that the adapter trusts it again: its next loss is not followed by a long wait. */
  async worksAgain(forMs = 1_200): Promise<void> {
    await eventually(() => this.#wasLinked && performance.now() - this.#linkedSince >= forMs, {
      what: 'a link that lasts',
      deadlineMs: 60_000,
    })
  }

  /**
   * Messages that came twice without being in flight when a link was lost: a first delivery counts as in flight unless it was settled more
   * than `graceMs` before the loss that ended its link.
   */
  unexplainedDuplicates(graceMs = 1_000): string[] {
    const last = new Map<string, Entry>()
    const unexplained: string[] = []
    for (const entry of this.#entries) {
      const earlier = last.get(entry.id)
      if (earlier !== undefined && !this.#wasInFlight(earlier, entry, graceMs)) unexplained.push(entry.id)
      last.set(entry.id, entry)
    }
    return unexplained
  }

  #linked(): boolean {
    return this.state === 'consuming' || this.state === 'idle'
  }

  #wasInFlight(earlier: Entry, later: Entry, graceMs: number): boolean {
    const lostAt = this.#lostAt[earlier.link]
    if (lostAt === undefined || later.link <= earlier.link) return false
    return earlier.settledAt === undefined || earlier.settledAt > lostAt - graceMs
  }
}
