import type { Delivery } from '../contracts/broker.ts'
import type { Work } from './work.ts'

/** The one of a group that was begun, or may begin, and those that came after it. */
interface Line {
  readonly head: Delivery
  readonly behind: Work[]
}

/** Messages of one group begin one after the other, in the order of their arrival: the next one when the one before is settled. */
export class GroupOrder {
  readonly #lines = new Map<string, Line>()
  #waiting = 0

  /** Works that wait behind another. */
  get waiting(): number {
    return this.#waiting
  }

  /** True when it may begin now; else it waits here. A message without a group always may, and so does another attempt. */
  admits(work: Work): boolean {
    const { group } = work.delivery.message
    if (group === undefined) return true
    const line = this.#lines.get(group)
    if (line === undefined) this.#lines.set(group, { head: work.delivery, behind: [] })
    if (line === undefined || line.head === work.delivery) return true
    line.behind.push(work)
    this.#waiting++
    return false
  }

  /** The message was done with: the next one of its group, which may begin now. */
  advance(work: Work): Work | undefined {
    const [next, ...behind] = this.#leave(work)
    if (next === undefined) return undefined
    this.#lines.set(groupOf(next), { head: next.delivery, behind })
    this.#waiting += behind.length
    return next
  }

  /** The message is to come again: all that came after it must too. Newest first, so that no later one can be had alone. */
  disband(work: Work): readonly Work[] {
    return this.#leave(work).toReversed()
  }

  /** Takes out what waits, line by line: a line as a whole, or, where one of it must not be returned, not at all. */
  returnable(mayReturn: (work: Work) => boolean): readonly Work[] {
    const lines = [...this.#lines.values()].filter(({ behind }) => behind.every(mayReturn))
    const works = lines.flatMap(({ behind }) => behind.splice(0).toReversed())
    this.#waiting -= works.length
    return works
  }

  #leave(work: Work): readonly Work[] {
    const { group } = work.delivery.message
    const line = group === undefined ? undefined : this.#lines.get(group)
    if (group === undefined || line?.head !== work.delivery) return none
    this.#lines.delete(group)
    this.#waiting -= line.behind.length
    return line.behind
  }
}

const none: readonly Work[] = Object.freeze([])

function groupOf({ delivery }: Work): string {
  return delivery.message.group ?? ''
}
