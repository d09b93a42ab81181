import type { End, Start } from './events.ts'

export interface EndOnCanary extends Pick<Start, 'container' | 'message'>, Pick<End, 'outcome'> {
  /** In which it had begun. */
  readonly number: number
}

/** What the canary of the newest rollout has done: each rollout has a budget of its own. */
export class Trial {
  readonly #ids = new Set<string>()
  /** Handlers by process. */
  readonly #running = new Map<string, number>()
  readonly #failed = new Set<string>()
  /** Whoever is told to end gives up what does not end in time: that has no outcome. */
  readonly #toldToEnd = new Set<string>()
  /** Outcomes on the canary that were not success, and messages that failed on the stable version too. */
  failures = 0
  readonly failedOnBoth = new Set<string>()

  /** Counts from 1. */
  get number(): number {
    return this.#ids.size
  }

  /** Those of processes that died included: nobody knows what becomes of their messages. */
  get running(): number {
    return [...this.#running.values()].reduce((sum, count) => sum + count, 0)
  }

  begin(id: string): void {
    if (this.#ids.has(id)) return
    this.#ids.add(id)
    this.failures = 0
    this.#running.clear()
    this.#failed.clear()
    this.failedOnBoth.clear()
  }

  started(container: string): void {
    this.#running.set(container, (this.#running.get(container) ?? 0) + 1)
  }

  ended({ container, message, outcome, number }: EndOnCanary): void {
    if (number !== this.number) return
    this.#running.set(container, (this.#running.get(container) ?? 0) - 1)
    if (outcome === 'succeeded' || this.#toldToEnd.has(container)) return
    this.failures++
    this.#failed.add(message)
  }

  failedOnStable(message: string): void {
    if (this.#failed.has(message)) this.failedOnBoth.add(message)
  }

  toldToEnd(container: string): void {
    this.#toldToEnd.add(container)
  }

  exited(container: string): void {
    this.#running.delete(container)
  }
}
