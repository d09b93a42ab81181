import { memoryStore } from '../../../adapters/stores/memory/index.ts'
import type { Entry, Store } from '../../../src/contracts/store.ts'
import { QueueCanaryError } from '../../../src/errors.ts'

export interface TestStore extends Store {
  /** `up` answers, `down` rejects, `silent` does not answer before it is switched again. */
  mode: 'up' | 'down' | 'silent'
  /** Loses everything, as a flushed server does. */
  wipe(): Promise<void>
  dump(): Promise<readonly Entry[]>
  /** Goes back to what was dumped. */
  restore(dump: readonly Entry[]): Promise<void>
}

/** A store whose faults a test switches on and off. */
export function testStore(): TestStore {
  const inner = memoryStore()
  async function answer<T>(act: () => Promise<T>): Promise<T> {
    while (store.mode === 'silent') await new Promise((resolve) => setTimeout(resolve, 5))
    if (store.mode === 'down') throw new QueueCanaryError('STORE_UNREACHABLE', 'the store was switched off')
    return act()
  }
  async function wipe(): Promise<void> {
    for (const { key } of await inner.list('')) await inner.delete(key)
  }
  const store: TestStore = {
    mode: 'up',
    wipe,
    dump: () => inner.list(''),
    async restore(dump) {
      await wipe()
      for (const { key, value } of dump) await inner.put(key, value, undefined)
    },
    get: (key) => answer(() => inner.get(key)),
    put: (key, value, expected) => answer(() => inner.put(key, value, expected)),
    list: (prefix) => answer(() => inner.list(prefix)),
    delete: (key) => answer(() => inner.delete(key)),
    close: () => inner.close(),
  }
  return store
}
