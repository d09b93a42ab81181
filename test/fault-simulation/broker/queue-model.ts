import type { NewMessage, StoredMessage } from './stored-message.ts'

/** Who takes messages from a queue. */
export interface Taker {
  readonly precedence: 'normal' | 'ahead'
  hasRoom(): boolean
  deliver(message: StoredMessage): void
}

/** Messages in order, and whose turn it is. What comes back goes to where it was. */
export class QueueModel {
  readonly name: string
  readonly deadLetterTo: string | undefined
  readonly #ready: StoredMessage[] = []
  readonly #takers: Taker[] = []
  #positions = 0
  #turn = 0

  constructor(name: string, deadLetterTo: string | undefined) {
    this.name = name
    this.deadLetterTo = deadLetterTo
  }

  get ready(): readonly StoredMessage[] {
    return this.#ready
  }

  get takers(): number {
    return this.#takers.length
  }

  add(message: NewMessage, now: number): StoredMessage {
    const stored = { ...message, position: this.#positions++, sentAt: now, deliveries: 0, counted: 0, ownReturns: 0 }
    this.#ready.push(stored)
    return stored
  }

  remove(message: StoredMessage): void {
    const index = this.#ready.indexOf(message)
    if (index >= 0) this.#ready.splice(index, 1)
  }

  putBack(message: StoredMessage): void {
    const index = this.#ready.findIndex(({ position }) => position > message.position)
    if (index < 0) this.#ready.push(message)
    else this.#ready.splice(index, 0, message)
  }

  attach(taker: Taker): void {
    if (!this.#takers.includes(taker)) this.#takers.push(taker)
  }

  detach(taker: Taker): void {
    const index = this.#takers.indexOf(taker)
    if (index >= 0) this.#takers.splice(index, 1)
  }

  /** Gives out what can be given out. */
  deliver(): void {
    while (this.#ready.length > 0) {
      const taker = this.#next()
      const message = taker && this.#ready.shift()
      if (taker === undefined || message === undefined) return
      taker.deliver(message)
    }
  }

  #next(): Taker | undefined {
    return this.#nextOf('ahead') ?? this.#nextOf('normal')
  }

  #nextOf(precedence: Taker['precedence']): Taker | undefined {
    const count = this.#takers.length
    for (let offset = 1; offset <= count; offset++) {
      const index = (this.#turn + offset) % count
      const taker = this.#takers[index]
      if (taker?.precedence !== precedence || !taker.hasRoom()) continue
      this.#turn = index
      return taker
    }
    return undefined
  }
}
