import type { Store, Versioned } from '../../../src/contracts/store.ts'
import { QueueCanaryError } from '../../../src/errors.ts'

/** Documents in this process only: for solo mode, tests and the demo. Everybody who shares it shares this object. */
export function memoryStore(): Store {
  const documents = new Map<string, Versioned>()
  let writes = 0
  let closed = false
  const use = async <T>(action: () => T): Promise<T> => {
    if (closed) throw new QueueCanaryError('STORE_REFUSED', 'the memory store was closed; open a new one')
    return action()
  }
  return {
    get: (key) => use(() => documents.get(key)),
    put: (key, value, expected) =>
      use(() => {
        if (documents.get(key)?.revision !== expected) return undefined
        writes++
        const revision = String(writes)
        documents.set(key, { value, revision })
        return revision
      }),
    list: (prefix) =>
      use(() =>
        [...documents]
          .filter(([key]) => key.startsWith(prefix))
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, document]) => ({ key, ...document })),
      ),
    delete: (key) =>
      use(() => {
        documents.delete(key)
      }),
    close: async () => {
      closed = true
    },
  }
}
