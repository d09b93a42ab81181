import type { Work } from './work.ts'

/** Works in the order of their arrival; adding and removing cost next to nothing, which at every message matters. A work is in one list at most. */
export class WorkList {
  #first: Work | undefined
  #last: Work | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): Work | undefined {
    return this.#first
  }

  add(work: Work): void {
    work.list = this
    work.before = this.#last
    if (this.#last === undefined) this.#first = work
    else this.#last.after = work
    this.#last = work
    this.#size++
  }

  /** False when it is not in this list. */
  remove(work: Work): boolean {
    if (work.list !== this) return false
    const { before, after } = work
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    work.list = work.before = work.after = undefined
    this.#size--
    return true
  }

  *[Symbol.iterator](): Iterator<Work> {
    for (let work = this.#first; work !== undefined;) {
      const next: Work | undefined = work.after
      yield work
      work = next
    }
  }
}
