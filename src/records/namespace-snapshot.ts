import type { Entry, Revision, Store, Versioned } from '../contracts/store.ts'
import { listNews } from './report-cache.ts'

/**
 * Everything that a store holds of one namespace, read at once: one question for all queues, and a value that has not changed travels once where the
 * store can leave it out. Reads are of the last `refresh`; writes go through.
 */
export class NamespaceSnapshot implements Store {
  readonly #store: Store
  readonly #prefix: string
  /** In order of key. */
  #entries: ReadonlyMap<string, Versioned> = new Map()

  constructor(store: Store, namespace: string) {
    this.#store = store
    this.#prefix = `${encodeURIComponent(namespace)}/`
  }

  /** Resolves to the names of the queues that have a document. */
  async refresh(): Promise<readonly string[]> {
    const before = this.#entries
    const known = new Set(Array.from(before.values(), ({ revision }) => revision))
    const listed = await listNews(this.#store, this.#prefix, known)
    this.#entries = new Map(
      listed.flatMap(({ key, revision, value = valueOf(before.get(key), revision) }) =>
        value === undefined ? [] : [[key, { value, revision }]],
      ),
    )
    return Array.from(this.#entries.keys()).flatMap((key) => this.#queueOf(key))
  }

  async get(key: string): Promise<Versioned | undefined> {
    return this.#entries.get(key)
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    const found = Array.from(this.#entries).filter(([key]) => key.startsWith(prefix))
    return found.map(([key, document]) => ({ key, ...document }))
  }

  put(key: string, value: string, expected: Revision | undefined): Promise<Revision | undefined> {
    return this.#store.put(key, value, expected)
  }

  delete(key: string): Promise<void> {
    return this.#store.delete(key)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  #queueOf(key: string): readonly string[] {
    const [queue, name, ...rest] = key.slice(this.#prefix.length).split('/')
    return queue !== undefined && name === 'state' && rest.length === 0 ? decodedName(queue) : []
  }
}

/** A value that was left out is the known one of its key; otherwise it is asked for again at the next look. */
function valueOf(before: Versioned | undefined, revision: Revision): string | undefined {
  return before?.revision === revision ? before.value : undefined
}

function decodedName(text: string): readonly string[] {
  try {
    return [decodeURIComponent(text)]
  } catch {
    return []
  }
}
