/** More classes than this say nothing new. */
const mostClasses = 64

/** Failed attempts by the class of what was thrown (name and code, never the text). */
export class ErrorClasses {
  readonly #counts = new Map<string, number>()

  add(errorClass: string): void {
    const count = this.#counts.get(errorClass)
    if (count === undefined && this.#counts.size >= mostClasses) return
    this.#counts.set(errorClass, (count ?? 0) + 1)
  }

  get report(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
