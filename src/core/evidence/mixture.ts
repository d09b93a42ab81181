import { logEvidence } from './half-space.ts'
import type { Trials } from './half-space.ts'
import type { Line } from './projection.ts'

/**
 * An e-process: evidence that the canary's rate lies above a line, whatever the size of the excess and whenever it began. It starts at 1, and
 * as long as the canary is on the good side its expectation never exceeds 1, so it ever reaches 1/alpha with probability alpha at most (Ville).
 *
 * A bet is placed on each of nine sizes of excess. A quarter of the money is kept back and placed anew, a little at every look with canary
 * messages, so that a regression that starts late need not first win back what the good time lost.
 */
export interface Mixture {
  /** By alternative. Ordinary numbers rather than logs: one `exp` for each is all that a look costs. */
  readonly evidence: readonly number[]
  /** What is not placed yet. */
  readonly reserve: number
  readonly restarts: number
  /** Canary messages since the last restart. */
  readonly since: number
}

/** Bets at these multiples of the odds on the line, then at these parts of the way from the line to certain failure. */
const oddsMultiples = [1.3, 1.8, 3, 6, 15, 60] as const
const gapFractions = [0.03, 0.2, 0.85] as const
export const betWeights: readonly number[] = [0.12, 0.18, 0.18, 0.16, 0.1, 0.08, 0.06, 0.06, 0.06]

const reserveAtStart = 0.25
/** At least the sum of 1/(m ln² m) over m >= 2, so that all restarts together never place more than the reserve. */
const restartSum = 2.11

/** Rates nearer to 0 or 1 than this are not told apart. */
const leastRate = 1e-9
const mostRate = 1 - 1e-6
/** Past all deciding; it keeps infinity out of the record. */
const mostEvidence = 1e300
const mostLogGain = 690

export function openMixture(): Mixture {
  return {
    evidence: betWeights.map((weight) => (1 - reserveAtStart) * weight),
    reserve: reserveAtStart,
    restarts: 0,
    since: 0,
  }
}

/** The evidence as one number; 1 at the start. */
export function evidenceIn({ evidence, reserve }: Mixture): number {
  let sum = reserve
  for (const value of evidence) sum += value
  return sum
}

/**
 * Takes in one look. `stableRate` is a guess made before the look's outcomes were known: a bad guess costs power, never validity. Bets that do
 * not lie above the line (a baseline near 1 leaves no room) stand still.
 */
export function observeMixture(mixture: Mixture, line: Line, trials: Trials, stableRate: number): Mixture {
  const isRestart = mixture.since >= 1
  const restarts = mixture.restarts + (isRestart ? 1 : 0)
  const placed = isRestart ? restartMass(restarts) : 0
  const onLine = line.slope * stableRate + line.intercept
  const limit = Math.min(mostRate, Math.max(leastRate, onLine))
  const evidence: number[] = []
  for (let bet = 0; bet < betWeights.length; bet++) {
    const rate = betRate(bet, limit)
    const gain = rate > onLine ? logEvidence(line, trials, rate, stableRate) : 0
    const before = (mixture.evidence[bet] ?? 0) + placed * (betWeights[bet] ?? 0)
    evidence.push(Math.min(mostEvidence, before * Math.exp(Math.min(mostLogGain, gain))))
  }
  const messages = trials.canaryFailed + trials.canarySucceeded
  return {
    evidence,
    reserve: mixture.reserve - placed,
    restarts,
    since: (isRestart ? 0 : mixture.since) + messages,
  }
}

/** What the n-th restart places, of the whole of 1. */
export function restartMass(n: number): number {
  const log = Math.log(n + 1)
  return reserveAtStart / (restartSum * (n + 1) * log * log)
}

function betRate(bet: number, limit: number): number {
  const multiple = oddsMultiples[bet]
  if (multiple === undefined) {
    const gap = gapFractions[bet - oddsMultiples.length] ?? 0
    return Math.min(mostRate, limit + (1 - limit) * gap)
  }
  return Math.min(mostRate, (multiple * limit) / (1 - limit + multiple * limit))
}
