import type { StoredMessage } from './stored-message.ts'

/** Ready messages in order of position. New ones come last; returned ones go back to where they were. */
export class ReadyList {
  #fresh: StoredMessage[] = []
  #head = 0
  /** Last position first, so that the next one is popped. */
  readonly #returned: StoredMessage[] = []

  get size(): number {
    return this.#fresh.length - this.#head + this.#returned.length
  }

  append(message: StoredMessage): void {
    this.#fresh.push(message)
  }

  putBack(message: StoredMessage): void {
    let low = 0
    let high = this.#returned.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#returned[middle]?.position ?? 0) > message.position) low = middle + 1
      else high = middle
    }
    this.#returned.splice(low, 0, message)
  }

  peek(): StoredMessage | undefined {
    const returned = this.#returned.at(-1)
    const fresh = this.#fresh[this.#head]
    return returned !== undefined && (fresh === undefined || returned.position < fresh.position) ? returned : fresh
  }

  take(): StoredMessage | undefined {
    const next = this.peek()
    if (next === undefined) return undefined
    if (next === this.#returned.at(-1)) this.#returned.pop()
    else this.#dropHead()
    return next
  }

  #dropHead(): void {
    this.#head++
    // The taken ones are forgotten in large portions: each message is moved at most once on average.
    if (this.#head < this.#fresh.length && (this.#head < 1024 || this.#head * 2 < this.#fresh.length)) return
    this.#fresh = this.#fresh.slice(this.#head)
    this.#head = 0
  }
}
