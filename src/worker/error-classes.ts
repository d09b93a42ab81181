import { otherErrors } from '../core/rollout/novel-errors.ts'

/** As many classes are told by name. */
const mostClasses = 64

/** Failed attempts by the class of what was thrown (name and code, never the text). */
export class ErrorClasses {
  readonly #counts = new Map<string, number>()

  add(errorClass: string): void {
    const isTold = this.#counts.has(errorClass) || this.#counts.size < mostClasses
    const name = isTold ? errorClass : otherErrors
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  get report(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
