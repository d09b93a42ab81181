import type { Policy } from '../core/policy/policy.ts'
import { Durations } from './durations.ts'
import type { Traffic } from './traffic.ts'

/** What all runs of one policy on one traffic have in common. */
export interface Scenario {
  readonly policy: Policy
  readonly traffic: Traffic
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
    lookMs: lookLength(policy, ratePerSecond),
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

/**
 * Time between two looks. A coordinator looks many times a second; what it decides changes with each cohort, so one look for each is enough. Steps
 * get five looks at least, and queues above a message each millisecond, whose cohorts are shorter, ten a second.
 */
export function lookLength(policy: Policy, ratePerSecond: number): number {
  const stepsMs = policy.steps.flatMap(({ durationMs }) =>
    durationMs === undefined || durationMs === 0 ? [] : [durationMs],
  )
  const shortestMs = Math.min(...stepsMs, policy.progressDeadlineMs)
  const wantedMs = Math.min(
    policy.analysis.intervalMs,
    longestLookMs,
    ratePerSecond > busyPerSecond ? fineLookMs : Infinity,
  )
  return Math.max(shortestLookMs, Math.min(wantedMs, Math.floor(shortestMs / looksPerStep)))
}

const longestLookMs = 1_000
/** While a bad canary is at work, and on busy queues. */
export const fineLookMs = 100
const shortestLookMs = 10
const busyPerSecond = 1_000
const looksPerStep = 5
