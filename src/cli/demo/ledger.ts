/** Every published message, and who handled it: what makes "nothing was lost" a statement that could be false. */
export class Ledger {
  readonly #handledBy = new Map<string, string[]>()

  published(id: string): void {
    this.#handledBy.set(id, [])
  }

  /** A handler succeeded with the message. */
  handled(id: string, version: string): void {
    this.#handledBy.get(id)?.push(version)
  }

  get count(): number {
    return this.#handledBy.size
  }

  /** Messages that nobody has handled. */
  get open(): number {
    return this.#count((versions) => versions.length === 0)
  }

  /** Messages that were handled more than once. */
  get repeated(): number {
    return this.#count((versions) => versions.length > 1)
  }

  by(version: string): number {
    return this.#count((versions) => versions.includes(version))
  }

  #count(holds: (versions: readonly string[]) => boolean): number {
    return [...this.#handledBy.values()].filter(holds).length
  }
}
