/** Something that will happen. */
export interface Appointment {
  cancel(): void
}

interface Entry {
  readonly at: number
  readonly order: number
  act: (() => void) | undefined
}

/** Virtual time: what is due is done in order of time, and at one moment in the order in which it was arranged. */
export class Timeline {
  readonly #heap: Entry[] = []
  #now = 0
  #arranged = 0

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** Never within the call, also for a moment that has passed. */
  at(time: number, act: () => void): Appointment {
    const entry: Entry = { at: Math.max(time, this.#now), order: this.#arranged++, act }
    this.#push(entry)
    return { cancel: () => void (entry.act = undefined) }
  }

  after(ms: number, act: () => void): Appointment {
    return this.at(this.#now + ms, act)
  }

  /** Does the next thing that is due; false where nothing is. */
  step(): boolean {
    for (let next = this.#pop(); next !== undefined; next = this.#pop()) {
      if (next.act === undefined) continue
      this.#now = next.at
      next.act()
      return true
    }
    return false
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >>> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      let below = heap[child]
      const right = heap[child + 1]
      if (below === undefined) break
      if (right !== undefined && isBefore(right, below)) {
        child += 1
        below = right
      }
      if (!isBefore(below, last)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
