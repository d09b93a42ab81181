import type { Store } from '../../src/contracts/store.ts'
import { QueueCanaryError } from '../../src/errors.ts'

/** What befalls the next operations: `reject`: nothing is done; `loseAnswer`: it is done, but the caller hears of a failure. */
export type Fault = 'none' | 'reject' | 'loseAnswer'

export interface FaultyStore extends Store {
  /** For every operation from now on; writing ones alone where `writes` is given. */
  fault: Fault
  only: 'all' | 'writes'
  /** While set, writes wait for it before they reach the store. */
  gate: Promise<void> | undefined
}

/** One process's view of a shared store: the same documents, its own troubles. */
export function faultyStore(store: Store): FaultyStore {
  async function through<T>(isWrite: boolean, act: () => Promise<T>): Promise<T> {
    const fault = faulty.only === 'all' || isWrite ? faulty.fault : 'none'
    if (isWrite) await faulty.gate
    if (fault === 'none') return act()
    if (fault === 'loseAnswer') await act()
    throw new QueueCanaryError('STORE_UNREACHABLE', 'the store did not answer')
  }
  const faulty: FaultyStore = {
    fault: 'none',
    only: 'all',
    gate: undefined,
    get: (key) => through(false, () => store.get(key)),
    list: (prefix) => through(false, () => store.list(prefix)),
    put: (key, value, expected) => through(true, () => store.put(key, value, expected)),
    delete: (key) => through(true, () => store.delete(key)),
    close: async () => {},
  }
  return faulty
}
