import type { Random } from './random.ts'

/**
 * How many of `tries` independent events happen that each have this chance. Exact: by inversion where few are expected, else by Hoermann's
 * transformed rejection (BTRS, 1993), whose cost does not grow with the number of tries.
 */
export function binomial(tries: number, chance: number, random: Random): number {
  if (tries <= 0 || !(chance > 0)) return 0
  if (chance >= 1) return tries
  if (chance > 0.5) return tries - binomial(tries, 1 - chance, random)
  return tries * chance < fewest
    ? binomialByInversion(tries, chance, random)
    : binomialByRejection(tries, chance, random)
}

/** How many events happen in an interval in which `mean` are expected. Exact, by products of uniforms or by rejection (PTRS, Hoermann 1993). */
export function poisson(mean: number, random: Random): number {
  if (!(mean > 0)) return 0
  return mean < fewest ? poissonByProducts(mean, random) : poissonByRejection(mean, random)
}

/** Rejection needs about this many expected events to be right. */
const fewest = 10

function binomialByInversion(tries: number, chance: number, random: Random): number {
  const odds = chance / (1 - chance)
  let hits = 0
  let part = Math.exp(tries * Math.log1p(-chance))
  for (let left = random() - part; left >= 0 && hits < tries; left -= part) {
    part *= (odds * (tries - hits)) / (hits + 1)
    hits++
    // What rounding has left over belongs to no number of hits.
    if (part === 0) break
  }
  return hits
}

function binomialByRejection(tries: number, chance: number, random: Random): number {
  const odds = chance / (1 - chance)
  const deviation = Math.sqrt(tries * chance * (1 - chance))
  const b = 1.15 + 2.53 * deviation
  const a = -0.0873 + 0.0248 * b + 0.01 * chance
  const alpha = (2.83 + 5.1 / b) * deviation
  const mode = Math.floor((tries + 1) * chance)
  for (;;) {
    const u = random() - 0.5
    const v = random()
    const side = 0.5 - Math.abs(u)
    const hits = Math.floor(((2 * a) / side + b) * u + tries * chance + 0.5)
    if (side >= 0.07 && v <= 0.92 - 4.2 / b) return hits
    if (hits < 0 || hits > tries) continue
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (tries - mode + 1))) +
      (tries + 1) * Math.log((tries - mode + 1) / (tries - hits + 1)) +
      (hits + 0.5) * Math.log((odds * (tries - hits + 1)) / (hits + 1)) +
      tailOf(mode) +
      tailOf(tries - mode) -
      tailOf(hits) -
      tailOf(tries - hits)
    if (Math.log((v * alpha) / (a / (side * side) + b)) <= bound) return hits
  }
}

function poissonByProducts(mean: number, random: Random): number {
  const limit = Math.exp(-mean)
  let events = 0
  for (let product = random(); product > limit; product *= random()) events++
  return events
}

function poissonByRejection(mean: number, random: Random): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean)
  const a = -0.059 + 0.02483 * b
  const alpha = 1.1239 + 1.1328 / (b - 3.4)
  for (;;) {
    const u = random() - 0.5
    const v = random()
    const side = 0.5 - Math.abs(u)
    const events = Math.floor(((2 * a) / side + b) * u + mean + 0.43)
    if (side >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2)) return events
    if (events < 0 || (side < 0.013 && v > side)) continue
    const bound = events * Math.log(mean) - mean - logFactorial(events)
    if (Math.log((v * alpha) / (a / (side * side) + b)) <= bound) return events
  }
}

function logFactorial(n: number): number {
  return halfLogTwoPi + (n + 0.5) * Math.log(n + 1) - (n + 1) + tailOf(n)
}

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI)

/** What Stirling's formula leaves of log n!. */
function tailOf(n: number): number {
  const known = smallTails[n]
  if (known !== undefined) return known
  const square = (n + 1) * (n + 1)
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (n + 1)
}

const smallTails: readonly number[] = Array.from({ length: 10 }, (_, n) => {
  let log = 0
  for (let factor = 2; factor <= n; factor++) log += Math.log(factor)
  return log - (halfLogTwoPi + (n + 0.5) * Math.log(n + 1) - (n + 1))
})

/**
 * The position, counted from 1, at which the `wanted`-th of `hits` hits comes among `tries`, all orders being equally likely. Where the hits are
 * known and something stops at one of them.
 */
export function positionOfHit(wanted: number, hits: number, tries: number, random: Random): number {
  let [left, found] = [hits, 0]
  for (let position = 1; position <= tries; position++) {
    if (random() * (tries - position + 1) >= left) continue
    left--
    if (++found === wanted) return position
  }
  return tries
}
