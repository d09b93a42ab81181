import type { Revision, Store } from '../contracts/store.ts'

/** What a store holds below a prefix, as `T`. Reading is frequent and change is rare: one revision travels once, where the store can leave it out, and is decoded once. */
export class NewsCache<T> {
  readonly #store: Store
  readonly #prefix: string
  readonly #decode: (text: string) => T
  #byKey: ReadonlyMap<string, Known<T>> = new Map()

  constructor(store: Store, prefix: string, decode: (text: string) => T) {
    this.#store = store
    this.#prefix = prefix
    this.#decode = decode
  }

  /** As it was at the last look, in order of key. */
  get byKey(): ReadonlyMap<string, Known<T>> {
    return this.#byKey
  }

  async look(): Promise<ReadonlyMap<string, Known<T>>> {
    const known = new Set(Array.from(this.#byKey.values(), ({ revision }) => revision))
    const listed = await (this.#store.listNews?.(this.#prefix, known) ?? this.#store.list(this.#prefix))
    const before = this.#byKey
    this.#byKey = new Map(
      listed.flatMap(({ key, revision, value }): readonly (readonly [string, Known<T>])[] => {
        const same = before.get(key)
        if (same?.revision === revision) return [[key, same]]
        // A value that was left out is one that is known; if it is not, the store is asked for it again at the next look.
        return value === undefined ? [] : [[key, { revision, content: this.#decode(value) }]]
      }),
    )
    return this.#byKey
  }
}

export interface Known<T> {
  readonly revision: Revision
  readonly content: T
}
