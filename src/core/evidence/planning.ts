import { marginLine } from './promotion-test.ts'
import { project } from './projection.ts'
import type { Line } from './projection.ts'

/** Failure rates that a plan assumes, and the canary's share of the messages; fractions of one. */
export interface Expectation {
  readonly canary: number
  readonly stable: number
  readonly share: number
}

/** Nats of evidence that a message (of either version) brings on average, where the rates are as expected and known. */
export function information(line: Line, { canary, stable, share }: Expectation): number {
  const stableNull = project(line, share, canary, stable)
  const canaryNull = line.slope * stableNull + line.intercept
  return share * divergence(canary, canaryNull) + (1 - share) * divergence(stable, stableNull)
}

/** What not knowing the rates costs, in nats: found by simulation over the rates that matter. */
const priceOfNotKnowing = 1.3

/** About how many canary messages pass before a canary of these rates is taken back. Infinity where it is not bad enough. */
export function messagesToRollBack(expected: Expectation, line: Line, significanceLevel: number): number {
  if (expected.canary <= line.slope * expected.stable + line.intercept) return Infinity
  return (expected.share * (Math.log(1 / significanceLevel) + priceOfNotKnowing)) / information(line, expected)
}

/**
 * About how many canary messages a canary that fails as often as the stable version needs for `nats` more of proof that it is not worse by the
 * margin; from nothing, that is ln(1/beta). Infinity without a margin.
 */
export function messagesToPromote(expected: Omit<Expectation, 'canary'>, margin: number, nats: number): number {
  if (nats <= 0) return 0
  const gain = information(marginLine(margin), { ...expected, canary: expected.stable })
  return gain > 0 ? (expected.share * nats) / gain : Infinity
}

/** Kullback-Leibler divergence of two coins, in nats. */
function divergence(rate: number, from: number): number {
  return part(rate, from) + part(1 - rate, 1 - from)
}

function part(rate: number, from: number): number {
  return rate === 0 ? 0 : rate * Math.log(rate / from)
}
