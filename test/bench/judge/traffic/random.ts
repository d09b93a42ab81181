/**
 * Random numbers for long simulations (xoshiro128**, period 2^128 - 1): `seededRandom` of the tests repeats itself after four billion
 * numbers, which one check alone draws.
 */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #d = 0

  constructor(seed: number) {
    // Seeds that differ by one must not give states that look alike.
    let mixed = seed >>> 0
    const next = () => {
      mixed = (mixed + 0x9e3779b9) >>> 0
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
      return word ^ (word >>> 15)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1
  }

  /** 32 random bits, as a signed number. */
  word(): number {
    const scrambled = Math.imul(this.#b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }

  /** From 0 to 1, 1 not included. */
  uniform(): number {
    return (this.word() >>> 0) / 2 ** 32
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  /**
   * How many of `tries` succeed. Exact for every rate: each try draws the binary digits of a uniform number until one differs from the rate's;
   * all tries that are undecided draw a digit together, and half of them are decided by it.
   */
  binomial(tries: number, rate: number): number {
    if (rate >= 1) return tries
    let hits = 0
    let undecided = tries
    for (let digits = rate; undecided > 0 && digits > 0;) {
      digits *= 2
      const ones = this.#heads(undecided)
      if (digits >= 1) {
        digits -= 1
        hits += undecided - ones
        undecided = ones
      } else {
        undecided -= ones
      }
    }
    return hits
  }

  #heads(coins: number): number {
    let heads = 0
    let left = coins
    for (; left >= 32; left -= 32) heads += ones(this.word())
    return left === 0 ? heads : heads + ones(this.word() & (2 ** left - 1))
  }
}

function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
