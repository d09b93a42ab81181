import type { Clock } from '../../../src/contracts/clock.ts'
import type { QueueAddress } from './address.ts'
import type { SqsApi } from './api.ts'
import { readSettings } from './queue-settings.ts'
import type { QueueSettings } from './queue-settings.ts'

/** What is known of one queue's attributes. Many ask, few requests are made. */
export class QueueWatch {
  readonly address: QueueAddress
  readonly #api: SqsApi
  readonly #clock: Clock
  #known: { readonly settings: QueueSettings; readonly at: number } | undefined
  #asking: Promise<QueueSettings> | undefined

  constructor(api: SqsApi, address: QueueAddress, clock: Clock) {
    this.address = address
    this.#api = api
    this.#clock = clock
  }

  /** What was read last, however old. */
  get settings(): QueueSettings | undefined {
    return this.#known?.settings
  }

  /** Settings that are at most so old. Rejects as `SqsApi.attributes` does. */
  async read(maxAgeMs: number): Promise<QueueSettings> {
    if (this.#known !== undefined && this.#clock.now() - this.#known.at <= maxAgeMs) return this.#known.settings
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  /** The queue was found missing: one that is made anew may be set otherwise. */
  forget(): void {
    this.#known = undefined
  }

  async #ask(): Promise<QueueSettings> {
    const settings = readSettings(await this.#api.attributes(this.address))
    this.#known = { settings, at: this.#clock.now() }
    return settings
  }
}
