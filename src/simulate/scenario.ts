import type { Policy } from '../core/policy/policy.ts'
import { Durations } from './durations.ts'
import { longestLook } from './look-length.ts'
import type { Traffic } from './traffic.ts'

/** What all runs of one policy on one traffic have in common. */
export interface Scenario {
  readonly policy: Policy
  readonly traffic: Traffic
  /** The longest. */
  readonly lookMs: number
  /** undefined where nothing depends on durations. */
  readonly durations: { readonly stable: Durations; readonly canary: Durations } | undefined
  /** Whether the policy acts on a comparison of durations: nothing else that a run shows depends on one. And whether it bounds the canary's as such. */
  readonly comparesDurations: boolean
  readonly boundsDurations: boolean
  /** Slots of either version. */
  readonly capacity: number
  readonly handlerTimeoutMs: number
}

export function scenarioOf(policy: Policy, traffic: Traffic): Scenario {
  const { stable, canary, ratePerSecond } = traffic
  const slowestMs = Math.max(stable.latencyMs, canary.latencyMs)
  const bounds = policy.analysis.metrics.some(
    (metric) => metric.kind === 'failure-ceiling' && quantileMeasures.includes(metric.measure),
  )
  const compares = policy.analysis.metrics.some(({ kind, dryRun }) => kind === 'latency' && !dryRun)
  return {
    policy,
    traffic,
    lookMs: longestLook(policy, ratePerSecond),
    durations:
      bounds || compares
        ? { stable: new Durations(stable.latencyMs), canary: new Durations(canary.latencyMs) }
        : undefined,
    comparesDurations: compares,
    boundsDurations: bounds,
    // As many as the stable version needs, twice over, and a worker's default at least.
    capacity: Math.max(leastCapacity, Math.ceil((2 * ratePerSecond * stable.latencyMs) / 1_000)),
    handlerTimeoutMs: Math.max(defaultTimeoutMs, 10 * slowestMs),
  }
}

const quantileMeasures: readonly string[] = ['p50', 'p95', 'p99']
const leastCapacity = 10
const defaultTimeoutMs = 30_000
