import type { Store } from '../../../src/contracts/store.ts'

/** What an adapter's test file gives to the suite. */
export interface StoreTarget {
  readonly name: string
  /** A fresh and empty set of documents. */
  open(): Promise<StoreUnderTest>
  /** Cases that this target cannot pass: name of the case -> why. */
  readonly skip?: Readonly<Record<string, string>>
}

export interface StoreUnderTest {
  /** A new client of the same documents, as if from another process. The suite closes it. */
  connect(): Store | Promise<Store>
  /** Removes the documents. */
  dispose(): Promise<void>
}

/** One promise of the contract. Names are unique: targets skip by name. */
export interface StoreCase {
  readonly name: string
  run(connect: () => Promise<Store>): Promise<void>
}

/** Creates a document and returns its revision. */
export async function create(store: Store, key: string, value: string): Promise<string> {
  const revision = await store.put(key, value, undefined)
  if (revision === undefined) throw new Error(`${JSON.stringify(key)} exists already`)
  return revision
}
