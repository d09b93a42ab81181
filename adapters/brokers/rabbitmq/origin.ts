/** Where a message came from. */
export interface Origin {
  readonly source: 'queue' | 'handBack'
  /** The queue that it was taken from. */
  readonly queue: string
  readonly handBackQueue: string | undefined
  /** An id for a message that has none. */
  readonly newId: () => string
}
