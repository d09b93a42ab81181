import type { Entry, Revision, Versioned } from '../../../src/contracts/store.ts'
import type { Timeline } from '../time/timeline.ts'

export interface StoreWitness {
  /** A write that the store accepted. */
  written(key: string, before: string | undefined, after: string | undefined, by: string): void
  /** Documents that were not written by anybody: the store was emptied, or went back in time. */
  rewound(documents: ReadonlyMap<string, Versioned>): void
}

type Documents = ReadonlyMap<string, Versioned>

/** How much of the past is kept for stale reads and restored dumps. */
const pastMs = 30_000
const snapshotEveryMs = 500

/** The truth of a store: documents, and what they were. Copied as a whole at intervals, for whoever reads the past. */
export class StoreServer {
  readonly #timeline: Timeline
  readonly #witness: StoreWitness
  #documents = new Map<string, Versioned>()
  #past: { readonly at: number; readonly documents: Documents }[] = []
  #written = 0
  #life = 0

  constructor(timeline: Timeline, witness: StoreWitness) {
    this.#timeline = timeline
    this.#witness = witness
  }

  get(key: string): Versioned | undefined {
    return this.#documents.get(key)
  }

  /** As it was `lagMs` ago, more or less. */
  getStale(key: string, lagMs: number): Versioned | undefined {
    return this.#at(lagMs).get(key)
  }

  put(key: string, value: string, expected: Revision | undefined, by: string): Revision | undefined {
    const before = this.#documents.get(key)
    if (before?.revision !== expected) return undefined
    this.#remember()
    const revision = `${this.#life}.${++this.#written}`
    this.#documents.set(key, { value, revision })
    this.#witness.written(key, before?.value, value, by)
    return revision
  }

  list(prefix: string, lagMs = 0): readonly Entry[] {
    const documents = lagMs > 0 ? this.#at(lagMs) : this.#documents
    const found = [...documents].filter(([key]) => key.startsWith(prefix))
    return found.map(([key, document]) => ({ key, ...document })).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  delete(key: string, by: string): void {
    const before = this.#documents.get(key)
    if (before === undefined) return
    this.#remember()
    this.#documents.delete(key)
    this.#witness.written(key, before.value, undefined, by)
  }

  /** Everything is gone, as after a flush, or a restart without a disk. */
  empty(): void {
    this.#become(new Map())
  }

  /** A dump of `ageMs` ago is put in place of everything. */
  restore(ageMs: number): void {
    this.#become(new Map(this.#at(ageMs)))
  }

  #become(documents: Map<string, Versioned>): void {
    this.#life++
    this.#documents = documents
    this.#past = []
    this.#witness.rewound(documents)
  }

  #remember(): void {
    const { now } = this.#timeline
    const last = this.#past.at(-1)
    if (last !== undefined && now - last.at < snapshotEveryMs) return
    this.#past.push({ at: now, documents: new Map(this.#documents) })
    if ((this.#past[0]?.at ?? now) < now - pastMs) this.#past.shift()
  }

  #at(lagMs: number): Documents {
    const moment = this.#timeline.now - lagMs
    return this.#past.findLast(({ at }) => at <= moment)?.documents ?? this.#past[0]?.documents ?? this.#documents
  }
}
