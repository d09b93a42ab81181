import type { Entry, Revision, Store, Versioned } from '../contracts/store.ts'
import { NewsCache } from './news-cache.ts'

/**
 * Everything that a store holds of one namespace, read at once: one question for all queues, and a value that has not changed travels once where the
 * store can leave it out. Reads are of the last `refresh`; writes go through.
 */
export class NamespaceSnapshot implements Store {
  readonly #store: Store
  readonly #prefix: string
  readonly #documents: NewsCache<string>

  constructor(store: Store, namespace: string) {
    this.#store = store
    this.#prefix = `${encodeURIComponent(namespace)}/`
    this.#documents = new NewsCache(store, this.#prefix, (text) => text)
  }

  /** Resolves to the names of the queues that have a document. */
  async refresh(): Promise<readonly string[]> {
    const documents = await this.#documents.look()
    return Array.from(documents.keys()).flatMap((key) => this.#queueOf(key))
  }

  async get(key: string): Promise<Versioned | undefined> {
    const found = this.#documents.byKey.get(key)
    return found && { value: found.content, revision: found.revision }
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    const found = Array.from(this.#documents.byKey).filter(([key]) => key.startsWith(prefix))
    return found.map(([key, { content, revision }]) => ({ key, value: content, revision }))
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

function decodedName(text: string): readonly string[] {
  try {
    return [decodeURIComponent(text)]
  } catch {
    return []
  }
}
