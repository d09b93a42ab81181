/** Looks further apart than this have left out what happened between them. */
export const longestLookMs = 2_000

/**
 * The time that this process has watched. A gap between two looks (the process stood still, the store did not answer) counts for
 * `longestLookMs` at most, so that nobody is found dead, and no deadline passes, for what was not looked at.
 */
export class Watch {
  #watchedMs = 0
  #markedAt: number | undefined

  /** Watched milliseconds up to `now`. */
  at(now: number): number {
    return this.#watchedMs + (this.#markedAt === undefined ? 0 : Math.min(now - this.#markedAt, longestLookMs))
  }

  /** A look that had its effect. Until the next one only its gap counts. */
  mark(now: number): void {
    this.#watchedMs = this.at(now)
    this.#markedAt = now
  }
}
