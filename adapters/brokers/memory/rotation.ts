import type { StoredMessage } from './stored-message.ts'

/** Who takes messages from a queue. */
export interface Consumer {
  readonly precedence: 'normal' | 'ahead'
  /** Whether it takes messages at all at present. */
  readonly taking: boolean
  /** Whether it may have a message now. */
  hasRoom(): boolean
  deliver(message: StoredMessage): void
}

/** Whose turn it is: `ahead` before `normal`, in turns among equals. */
export class Rotation {
  readonly #lanes = { ahead: new Lane(), normal: new Lane() }

  add(consumer: Consumer): void {
    this.#lanes[consumer.precedence].add(consumer)
  }

  remove(consumer: Consumer): void {
    this.#lanes[consumer.precedence].remove(consumer)
  }

  get taking(): number {
    return this.#lanes.ahead.taking + this.#lanes.normal.taking
  }

  next(): Consumer | undefined {
    return this.#lanes.ahead.next() ?? this.#lanes.normal.next()
  }
}

class Lane {
  readonly #consumers: Consumer[] = []
  #turn = 0

  add(consumer: Consumer): void {
    this.#consumers.push(consumer)
  }

  remove(consumer: Consumer): void {
    const index = this.#consumers.indexOf(consumer)
    if (index === -1) return
    this.#consumers.splice(index, 1)
    if (index < this.#turn) this.#turn--
  }

  get taking(): number {
    return this.#consumers.filter((consumer) => consumer.taking).length
  }

  next(): Consumer | undefined {
    const count = this.#consumers.length
    for (let step = 0; step < count; step++) {
      const index = (this.#turn + step) % count
      const consumer = this.#consumers[index]
      if (consumer === undefined || !consumer.hasRoom()) continue
      this.#turn = index + 1
      return consumer
    }
    return undefined
  }
}
