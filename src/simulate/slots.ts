/**
 * How many messages a number of slots can begin, by Little's law: each one is taken for the handler's time, or for the delay between two starts
 * where that is longer. Slots that were idle begin at once; nothing else is made up for.
 */
export class Slots {
  #credit = 0
  #count = 0

  /** In the next `forMs`, and with what could not be begun before. */
  refill(count: number, occupiedMs: number, forMs: number): number {
    const starts = (count * forMs) / Math.max(occupiedMs, leastMs)
    // Slots that come are idle.
    const idle = Math.max(0, count - this.#count)
    const most = occupiedMs > forMs ? Math.max(count, starts) : starts + 1
    this.#credit = Math.min(this.#credit + idle + starts, most)
    this.#count = count
    return Math.floor(this.#credit)
  }

  begin(messages: number): void {
    this.#credit -= messages
  }
}

/** Nothing takes no time at all. */
const leastMs = 0.01
