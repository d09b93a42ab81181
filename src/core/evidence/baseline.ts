import type { Attempts } from './half-space.ts'

/** The stable version's recent outcomes, old ones counting less and less. What is left of them places the bets; validity never rests on it. */
export interface Baseline {
  readonly messages: number
  readonly failed: number
}

/** What happened this long ago counts half. */
export const baselineHalfLifeMs = 300_000

export function observeBaseline(baseline: Baseline, stable: Attempts, elapsedMs: number): Baseline {
  const kept = keptAfter(elapsedMs)
  return {
    messages: kept * baseline.messages + stable.messages,
    failed: kept * baseline.failed + stable.failed,
  }
}

/** The part that is left of a count after this time. */
export function keptAfter(elapsedMs: number): number {
  return keptOver(elapsedMs, baselineHalfLifeMs)
}

/** The same for any half-life. */
export function keptOver(elapsedMs: number, halfLifeMs: number): number {
  return Math.exp((-Math.LN2 * elapsedMs) / halfLifeMs)
}

/** Failure rate, never 0: 1 % before anything is known; later as if half a message more had failed and 50 more had not. */
export function baselineRate({ messages, failed }: Baseline): number {
  return (failed + 0.5) / (messages + 50.5)
}

/**
 * What the failure rate is at least, and at most, but for one time in forty each: two standard deviations from what was counted. The square root of
 * a count has a standard deviation of one half, whatever the rate.
 */
export function leastRate({ messages, failed }: Baseline): number {
  return messages === 0 ? 0 : Math.max(0, Math.sqrt(failed) - 1) ** 2 / messages
}

export function mostRate({ messages, failed }: Baseline): number {
  return messages === 0 ? 1 : Math.min(1, (Math.sqrt(failed + 1) + 1) ** 2 / messages)
}
