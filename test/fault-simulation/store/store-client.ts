import type { Entry, Revision, Store, Versioned } from '../../../src/contracts/store.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import type { Container } from '../time/container.ts'
import type { Timeline } from '../time/timeline.ts'
import type { StoreServer } from './store-server.ts'

/**
 * What befalls the operations of one process. `refuse`: nothing reaches the store, and the process hears so. `hang`: nothing comes back before the
 * deadline. `loseAnswers`: what was asked is done, and the process hears of a failure. `lateWrites`: so too, but it is done after the process has heard.
 */
export type Trouble = 'none' | 'refuse' | 'hang' | 'loseAnswers' | 'lateWrites'

export interface StoreClientOptions {
  readonly server: StoreServer
  readonly container: Container
  readonly timeline: Timeline
  readonly latencyMs: { readonly least: number; readonly most: number }
  /** What the process was answered, when it heard it; `askedAt` by its own clock. */
  readonly onAnswer: (key: string, found: Versioned | undefined, askedAt: number) => void
}

const deadlineMs = 1_500

/** A shared store as one process reaches it. */
export class StoreClient implements Store {
  trouble: Trouble = 'none'
  /** Reads show the store as it was so long ago. */
  staleMs = 0
  /** Added to each way of each operation. */
  slowMs = 0
  readonly #options: StoreClientOptions

  constructor(options: StoreClientOptions) {
    this.#options = options
  }

  async get(key: string): Promise<Versioned | undefined> {
    const { server, onAnswer, container } = this.#options
    const askedAt = container.clock.now()
    const found = await this.#ask(() => (this.staleMs > 0 ? server.getStale(key, this.staleMs) : server.get(key)))
    onAnswer(key, found, askedAt)
    return found
  }

  put(key: string, value: string, expected: Revision | undefined): Promise<Revision | undefined> {
    const { server, container } = this.#options
    return this.#ask(() => server.put(key, value, expected, container.name), true)
  }

  list(prefix: string): Promise<readonly Entry[]> {
    return this.#ask(() => this.#options.server.list(prefix, this.staleMs))
  }

  delete(key: string): Promise<void> {
    const { server, container } = this.#options
    return this.#ask(() => server.delete(key, container.name), true)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #ask<T>(act: () => T, isWrite = false): Promise<T> {
    const { container, timeline } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const { trouble } = this
    const patienceMs = trouble === 'refuse' ? this.#oneWay() : deadlineMs
    const late = container.after(patienceMs, () =>
      reject(new QueueCanaryError('STORE_UNREACHABLE', 'the store did not answer')),
    )
    if (trouble === 'refuse') return promise
    const answer = (result: T): void => {
      late.cancel()
      resolve(result)
    }
    const isLate = trouble === 'lateWrites' && isWrite
    timeline.after(isLate ? deadlineMs + this.#oneWay() * 20 : this.#oneWay(), () => {
      if (trouble === 'hang') return
      const result = act()
      if (trouble === 'none' || (trouble === 'lateWrites' && !isWrite))
        timeline.after(this.#oneWay(), () => container.receive(() => answer(result)))
    })
    return promise
  }

  #oneWay(): number {
    const { least, most } = this.#options.latencyMs
    return this.slowMs + least + this.#options.container.random() * (most - least)
  }
}
