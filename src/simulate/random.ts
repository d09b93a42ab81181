/** Uniform over [0, 1), in steps of 2^-32. */
export type Random = () => number

/** The same numbers for the same seed: Chris Doty-Humphrey's sfc32, whose cycles are so long that runs do not meet. */
export function seededRandom(seed: number): Random {
  let [a, b, c, counter] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b9, 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < warmUpRounds; round++) next()
  return next
}

/** Until seeds that differ in one bit have nothing in common. */
const warmUpRounds = 15
