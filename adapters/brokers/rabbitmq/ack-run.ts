/**
 * Which acks of one channel are due, as few as possible. Tags count from 1 without gaps. A run covers everything up to its tag at the
 * broker, so it may end only at a tag below which nothing is unsettled; what is settled above a gap is acked one by one, because the
 * broker counts it against the prefetch until then.
 */
export class AckRun {
  /** The highest settled tag. */
  #highest = 0
  /** Unsettled tags below it, in ascending order: never more than the prefetch, however long one of them takes. */
  readonly #open = new Set<number>()
  /** The last tag whose ack became due while nothing was open, since the last `take`: a run must end at a tag that the broker still knows. */
  #end = 0
  /** Tags whose ack became due while another one was open, since the last `take`. */
  #apart: number[] = []

  /** The delivery is done and its ack is due. */
  ack(tag: number): void {
    this.skip(tag)
    if (this.#open.size === 0) this.#end = tag
    else this.#apart.push(tag)
  }

  /** The delivery was settled otherwise: nothing is due for it. */
  skip(tag: number): void {
    if (tag < this.#highest) {
      this.#open.delete(tag)
      return
    }
    for (let passed = this.#highest + 1; passed < tag; passed++) this.#open.add(passed)
    this.#highest = tag
  }

  /** Hands over what is due: `upTo` is 0 when there is no run. */
  take(): { readonly upTo: number; readonly single: readonly number[] } {
    const [end, apart] = [this.#end, this.#apart]
    this.#end = 0
    if (apart.length === 0) return { upTo: end, single: none }
    this.#apart = []
    const [oldest = Infinity] = this.#open
    const upTo = apart.reduce((last, tag) => (tag < oldest ? Math.max(last, tag) : last), end)
    return { upTo, single: apart.filter((tag) => tag > oldest) }
  }
}

const none: readonly number[] = []
