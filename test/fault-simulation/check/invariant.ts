import type { Happening, Happenings } from './events.ts'
import type { Facts } from './facts.ts'

/** What an invariant listens to. It returns what is wrong, in one sentence, or nothing. */
export type Watch = { readonly [K in Happening]?: (happening: Happenings[K]) => string | undefined }

export interface Invariant {
  readonly name: string
  /** In the words of the design. */
  readonly says: string
  /** Begins to watch one run. */
  watch(facts: Facts): Watch
}

export interface Violation {
  readonly invariant: string
  readonly at: number
  readonly found: string
}
