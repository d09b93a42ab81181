import type { Random } from './random.ts'
import { binomial } from './samplers.ts'
import type { VersionLedger } from './version-ledger.ts'

export interface HandedBack {
  readonly messages: number
  /** Of those, the ones that fail everywhere. */
  readonly poisoned: number
  /** When the stable version has tried them. */
  readonly triedMs: number
}

/** What the canary failed, on its way through the stable version. */
export class HandBack {
  readonly #stable: VersionLedger
  readonly #random: Random
  readonly #waiting: HandedBack[] = []

  constructor(stable: VersionLedger, random: Random) {
    this.#stable = stable
    this.#random = random
  }

  add(failed: HandedBack): void {
    this.#waiting.push(failed)
  }

  /** Books what the stable version has tried until then, which fails by itself with this chance. */
  tryUntil(ms: number, failures: number): void {
    if (this.#waiting.length === 0) return
    const { counts } = this.#stable
    const due = this.#waiting.findIndex(({ triedMs }) => triedMs > ms)
    for (const { messages, poisoned } of this.#waiting.splice(0, due === -1 ? this.#waiting.length : due)) {
      const failed = poisoned + binomial(messages - poisoned, failures, this.#random)
      counts.failedOnBoth += failed
      counts.rescued += messages - failed
    }
  }
}
