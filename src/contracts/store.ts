import type { Finding } from './broker.ts'

/**
 * Compare-and-set on small text documents: all that workers, coordinator and command line share. Every adapter passes
 * `test/contract/store-contract.ts`. A store may answer late or not at all; it may not tear or reorder one document's revisions.
 * Every method rejects with `STORE_UNREACHABLE` (try again) or `STORE_REFUSED` (a person is needed) and has a deadline.
 */
export interface Store {
  /** The document, or undefined. Linearizable with `put` on one key. */
  get(key: string): Promise<Versioned | undefined>
  /**
   * Writes if the document's revision is still `expected` (`undefined`: if there is no document). Resolves to the new revision, or to
   * undefined when somebody else was faster: a conflict is an answer, not an error.
   */
  put(key: string, value: string, expected: Revision | undefined): Promise<Revision | undefined>
  /** Every document whose key starts with `prefix`, in order of key. Not a snapshot: documents may be from slightly different moments. */
  list(prefix: string): Promise<readonly Entry[]>
  /**
   * `list` for who has read before: documents of a revision in `known` come without their value, so that it need not travel again. For stores
   * that are far away.
   */
  listNews?(prefix: string, known: ReadonlySet<Revision>): Promise<readonly News[]>
  /** Removes the document; resolves whether or not there was one. */
  delete(key: string): Promise<void>
  /** What `doctor` says of the store, after it has read and written in it; the first finding says what it is. */
  diagnose?(): Promise<readonly Finding[]>
  /** Releases connections and files. Idempotent. */
  close(): Promise<void>
}

/** Opaque; compared for equality only. No two contents of one key share a revision, also after delete and create. */
export type Revision = string

export interface Versioned {
  readonly value: string
  readonly revision: Revision
}

export interface Entry extends Versioned {
  readonly key: string
}

export interface News {
  readonly key: string
  readonly revision: Revision
  /** undefined where the revision is known. */
  readonly value: string | undefined
}
