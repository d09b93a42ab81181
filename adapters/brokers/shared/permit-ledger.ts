/** Permits and deliveries of a subscription, over all its channels: a message that is delivered again is taken again. */
export class PermitLedger {
  #granted: number
  taken = 0

  constructor(granted: number) {
    this.#granted = Math.floor(granted)
  }

  get granted(): number {
    return this.#granted
  }

  get left(): number {
    return this.#granted - this.taken
  }

  /** False when the total is not higher than before (or no number). */
  grant(total: number): boolean {
    const whole = Math.floor(total)
    if (!(whole > this.#granted)) return false
    this.#granted = whole
    return true
  }
}
