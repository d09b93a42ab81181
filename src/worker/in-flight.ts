import { WorkList } from './work-list.ts'
import type { Work } from './work.ts'

/** What a consumer is busy with: the one truth about it. */
export class InFlight {
  /** Handlers whose outcome is not known yet, oldest first. */
  readonly #running = new WorkList()
  /** Handlers that run on after their message's time was over. Their slots stay taken. */
  readonly #stuck = new Set<Work>()
  /** Messages whose settlement takes a while. */
  readonly #settling = new Set<Work>()
  #waiters: (() => void)[] = []

  get running(): WorkList {
    return this.#running
  }

  get settling(): ReadonlySet<Work> {
    return this.#settling
  }

  get stuck(): number {
    return this.#stuck.size
  }

  /** Slots taken. */
  get occupied(): number {
    return this.#running.size + this.#stuck.size
  }

  /** Messages begun and not settled. */
  get held(): number {
    return this.#running.size + this.#settling.size
  }

  begin(work: Work): void {
    this.#running.add(work)
  }

  /** Its handler begins only now: until now it waited for others. */
  restart(work: Work): void {
    if (this.#running.remove(work)) this.#running.add(work)
  }

  /** Its handler ended, in time or late. */
  end(work: Work): void {
    if (!this.#running.remove(work)) this.#stuck.delete(work)
    this.#wake()
  }

  /** Its message's time is over, its handler is not. */
  strand(work: Work): void {
    if (this.#running.remove(work)) this.#stuck.add(work)
    this.#wake()
  }

  settle(work: Work): void {
    this.#settling.add(work)
  }

  settled(work: Work): void {
    this.#settling.delete(work)
    this.#wake()
  }

  /** Resolves at a moment when nothing is begun and unsettled; the caller looks again whether that still holds. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
      this.#wake()
    })
  }

  #wake(): void {
    if (this.#waiters.length === 0 || this.held > 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}
