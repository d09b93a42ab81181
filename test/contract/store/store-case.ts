import type { Store } from '../../../src/contracts/store.ts'
import type { ServerControl } from '../../support/store-server.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'

/** What an adapter's test file gives to the suite. */
export interface StoreTarget {
  readonly name: string
  /** A fresh and empty set of documents. */
  open(): Promise<StoreUnderTest>
  /** Cases that this target cannot pass: name of the case -> why. */
  readonly skip?: Readonly<Record<string, string>>
}

export interface StoreUnderTest {
  /** A new client of the same documents, as if from another process. The suite closes it. @default deadlineMs what users get */
  connect(deadlineMs?: number): Store
  /** Removes the documents. */
  dispose(): Promise<void>
  /** Loses every document, as a server does that starts empty. */
  empty(): Promise<void>
  /** undefined: there is no server between the clients and the documents. */
  readonly server?: ServerUnderTest
}

export interface ServerUnderTest {
  readonly port: number
  /** undefined where the server is not ours to break. */
  readonly control: ServerControl | undefined
  /** A new client that takes the way through this port of the same machine. The suite closes it. */
  connectThrough(port: number, deadlineMs: number): Store
}

/** One promise of the contract. Names are unique: targets skip by name. */
export interface StoreCase {
  readonly name: string
  run(connect: () => Promise<Store>, documents: StoreUnderTest): Promise<void>
}

/** One promise about what happens when the server, or the way to it, fails. */
export interface FaultCase {
  readonly name: string
  /** True: it kills or stops the server. */
  readonly breaksServer: boolean
  run(stage: FaultStage): Promise<void>
}

export interface FaultStage {
  /** Before the server; every client of `through` takes the way through it. */
  readonly proxy: TcpProxy
  readonly control: ServerControl
  readonly connect: () => Promise<Store>
  readonly through: (deadlineMs: number) => Store
}

/** Creates a document and returns its revision. */
export async function create(store: Store, key: string, value: string): Promise<string> {
  const revision = await store.put(key, value, undefined)
  if (revision === undefined) throw new Error(`${JSON.stringify(key)} exists already`)
  return revision
}
