/**
 * Which acks of one channel are due, as few as possible. Tags count from 1 without gaps. A run covers everything up to its tag at the
 * broker, so it may end only at a tag below which nothing is unsettled; what is settled above a gap is acked one by one, because the
 * broker counts it against the prefetch until then.
 */
export class AckRun {
  /** Every tag up to here is settled. */
  #low = 0
  /** Settled tags above `low`: true while their ack is due, false when nothing is to be sent for them any more. */
  readonly #above = new Map<number, boolean>()
  /** Tags that were above `low` when their ack became due, since the last `take`. */
  #apart: number[] = []
  /** The highest tag up to `low` whose ack is due: a run must end at a tag that the broker still knows. */
  #end = 0

  /** The delivery is done and its ack is due. */
  ack(tag: number): void {
    this.#settle(tag, true)
  }

  /** The delivery was settled otherwise: nothing is due for it. */
  skip(tag: number): void {
    this.#settle(tag, false)
  }

  /** Hands over what is due: `upTo` is 0 when there is no run. */
  take(): { readonly upTo: number; readonly single: readonly number[] } {
    const upTo = this.#end
    this.#end = 0
    if (this.#apart.length === 0) return { upTo, single: none }
    const single = this.#apart.filter((tag) => tag > this.#low)
    for (const tag of single) this.#above.set(tag, false)
    this.#apart = []
    return { upTo, single }
  }

  #settle(tag: number, due: boolean): void {
    if (tag !== this.#low + 1) {
      this.#above.set(tag, due)
      if (due) this.#apart.push(tag)
      return
    }
    this.#advance(tag, due)
    if (this.#above.size > 0) this.#closeGap()
  }

  #closeGap(): void {
    for (let next = this.#low + 1; ; next++) {
      const due = this.#above.get(next)
      if (due === undefined) return
      this.#above.delete(next)
      this.#advance(next, due)
    }
  }

  #advance(tag: number, due: boolean): void {
    this.#low = tag
    if (due) this.#end = tag
  }
}

const none: readonly number[] = []
