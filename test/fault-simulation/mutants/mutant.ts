/** One change of one file: `find` is there exactly once. */
export interface Patch {
  readonly file: string
  readonly find: string
  readonly put: string
}

/** A bug as people make them. The simulation must find it, by an invariant that says what is wrong. */
export interface Mutant {
  readonly name: string
  readonly says: string
  readonly patches: readonly Patch[]
  readonly violates: readonly string[]
  /** A seed that finds it. */
  readonly foundBy: number
}
