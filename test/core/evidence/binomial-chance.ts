/** The chance of exactly `hits` in `tries`. */
export function binomialChance(tries: number, hits: number, rate: number): number {
  let ways = 1
  for (let hit = 1; hit <= hits; hit++) ways *= (tries - hits + hit) / hit
  return ways * rate ** hits * (1 - rate) ** (tries - hits)
}
