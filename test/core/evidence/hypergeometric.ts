/** Outcomes of one look. */
export interface LookCounts {
  readonly canary: number
  readonly canaryFailed: number
  readonly stable: number
  readonly stableFailed: number
}

/**
 * Evidence of a look for odds of failure `odds` times as high on the canary, given how many messages each version had and how many failed in
 * all: Fisher's noncentral hypergeometric likelihood against the central one. It needs no baseline and no share, so it checks the tests that do.
 */
export function hypergeometricFactor(look: LookCounts, odds: number): number {
  const { canary, stable } = look
  const failed = look.canaryFailed + look.stableFailed
  const least = Math.max(0, failed - stable)
  const most = Math.min(canary, failed)
  let chance = 1
  let all = 0
  let mean = 0
  for (let hit = least; hit <= most; hit++) {
    all += chance
    mean += chance * odds ** (hit - least)
    chance *= ((canary - hit) * (failed - hit)) / ((hit + 1) * (stable - failed + hit + 1))
  }
  return odds ** (look.canaryFailed - least) / (mean / all)
}
