/** Messages that were begun in the busiest second. */
export class Pace {
  #second = 0
  #count = 0
  #most = 0

  count(at: number): void {
    const second = Math.floor(at / 1_000)
    this.#count = second === this.#second ? this.#count + 1 : 1
    this.#second = second
    this.#most = Math.max(this.#most, this.#count)
  }

  get most(): number {
    return this.#most
  }
}
