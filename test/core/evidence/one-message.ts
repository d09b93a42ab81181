import { logEvidence } from '../../../src/core/evidence/half-space.ts'
import type { Line } from '../../../src/core/evidence/projection.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'

export interface Rates {
  readonly canary: number
  readonly stable: number
}

export interface Point {
  readonly line: Line
  readonly share: number
  /** What the factors bet on, and how it is in truth. */
  readonly alternative: Rates
  readonly truth: Rates
}

export interface MessageFactors {
  readonly canaryFailed: number
  readonly canarySucceeded: number
  readonly stableFailed: number
  readonly stableSucceeded: number
}

/** What each kind of outcome multiplies the evidence by: that of a look in which it is the only one. */
export function messageFactors(line: Line, share: number, { canary, stable }: Rates): MessageFactors {
  const none = { share, canaryFailed: 0, canarySucceeded: 0, stableFailed: 0, stableSucceeded: 0 }
  const factor = (outcome: keyof MessageFactors) =>
    Math.exp(logEvidence(line, { ...none, [outcome]: 1 }, canary, stable))
  return {
    canaryFailed: factor('canaryFailed'),
    canarySucceeded: factor('canarySucceeded'),
    stableFailed: factor('stableFailed'),
    stableSucceeded: factor('stableSucceeded'),
  }
}

/** What one message multiplies the evidence by on average. At most 1 wherever the truth lies on the null side of the line. */
export function meanFactor({ line, share, alternative, truth }: Point): number {
  const factors = messageFactors(line, share, alternative)
  const onCanary = truth.canary * factors.canaryFailed + (1 - truth.canary) * factors.canarySucceeded
  const onStable = truth.stable * factors.stableFailed + (1 - truth.stable) * factors.stableSucceeded
  return share * onCanary + (1 - share) * onStable
}

/** Any line, share and alternative on one side, and a truth on the other side, its edge included. */
export function randomPoint(random: SeededRandom): Point {
  for (;;) {
    const side = random.pick([1, -1])
    const line = randomLine(random)
    const alternative = { canary: rateOf(random), stable: rateOf(random) }
    const truth = randomTruth(random, line, side)
    const isApart = side * (alternative.canary - onLine(line, alternative.stable)) > 1e-9
    if (isApart && truth !== undefined && crosses(line)) return { line, share: shareOf(random), alternative, truth }
  }
}

function randomLine(random: SeededRandom): Line {
  const part = (most: number) => (most * random.whole(1, 1_000_000)) / 1_000_000
  switch (random.pick(['origin', 'one', 'flat', 'any'])) {
    case 'origin':
      return { slope: 0.5 + part(1.5), intercept: 0 }
    case 'one': {
      const margin = part(0.999)
      return { slope: 1 - margin, intercept: margin }
    }
    case 'flat':
      return { slope: 0, intercept: part(0.99) }
    default:
      return { slope: part(2), intercept: part(0.8) - 0.3 }
  }
}

/** Half of the time on the line itself, where the mean is largest. */
function randomTruth(random: SeededRandom, line: Line, side: number): Rates | undefined {
  const stable = rateOf(random)
  const edge = onLine(line, stable)
  const canary = random.pick([true, false]) ? edge : rateOf(random)
  const holds = side * (canary - edge) <= 0
  return holds && canary >= 0 && canary <= 1 ? { canary, stable } : undefined
}

/** The line must pass through the inside of the unit square. */
function crosses({ slope, intercept }: Line): boolean {
  return Math.max(intercept, slope + intercept) > 1e-6 && Math.min(intercept, slope + intercept) < 1 - 1e-6
}

function onLine({ slope, intercept }: Line, stable: number): number {
  return slope * stable + intercept
}

/** Often near 0 or 1, never there: a certain outcome cannot be bet on. */
function rateOf(random: SeededRandom): number {
  const uniform = random.whole(1, 999_999) / 1_000_000
  return Math.min(1 - 1e-9, Math.max(1e-9, random.pick([uniform, uniform ** 6, 1 - uniform ** 6])))
}

function shareOf(random: SeededRandom): number {
  return random.pick([random.whole(1, 999) / 1_000, random.whole(1, 999) / 1_000_000])
}
