import type { Attempts } from './half-space.ts'

/**
 * How much more the failures of the stable consumers differ from one another than chance explains (failures that come in clusters: a bad pod).
 * Consumers are compared within a look, so a drift or an outage that all of them share does not count.
 */
export interface Dispersion {
  /** Squared deviations from the pooled rate, and what they would be without clusters. */
  readonly observed: number
  readonly expected: number
}

export const noDispersion: Dispersion = { observed: 0, expected: 0 }

const halfLifeLooks = 600
const kept = 2 ** (-1 / halfLifeLooks)

export function observeDispersion(dispersion: Dispersion, look: Dispersion): Dispersion {
  return {
    observed: kept * dispersion.observed + look.observed,
    expected: kept * dispersion.expected + look.expected,
  }
}

/** What one look shows, from the outcomes of each stable consumer; nothing where there is nothing to compare. */
export function dispersionAmong(consumers: readonly Attempts[]): Dispersion {
  const messages = consumers.reduce((sum, consumer) => sum + consumer.messages, 0)
  const failed = consumers.reduce((sum, consumer) => sum + consumer.failed, 0)
  if (messages < 2) return noDispersion
  const rate = failed / messages
  const variance = (rate * (1 - rate) * messages) / (messages - 1)
  const observed = consumers.reduce((sum, one) => sum + (one.failed - one.messages * rate) ** 2, 0)
  const expected = consumers.reduce((sum, one) => sum + one.messages * (1 - one.messages / messages) * variance, 0)
  return { observed, expected }
}

export function addDispersion(a: Dispersion, b: Dispersion): Dispersion {
  return { observed: a.observed + b.observed, expected: a.expected + b.expected }
}

/**
 * What the counts of later looks are divided by, at least 1. Clear clusters are taken half as large again as measured: the canary's may be
 * larger. The 5 keep a few early looks from meaning much.
 */
export function inflationOf({ observed, expected }: Dispersion): number {
  const ratio = Math.max(1, (observed + 5) / (expected + 5))
  return ratio < 1.3 ? ratio : 1.5 * ratio
}
