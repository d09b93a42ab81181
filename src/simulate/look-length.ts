import type { Policy } from '../core/policy/policy.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import type { Scenario } from './scenario.ts'

const longestLookMs = 1_000
/** On busy queues, while a bad canary is at work, and while consumers drain. */
const fineLookMs = 100
const shortestLookMs = 10
const busyPerSecond = 1_000
/** So many looks fit into a step at least: its end is seen when no more than a fiftieth has passed beyond. */
const looksPerStep = 50
/** Failures of the canary above the stable version's that one look may bring. */
const excessPerLook = 1

/**
 * Longest time between two looks. A coordinator looks many times a second; what it decides changes with each cohort, so one look for each is enough.
 * Queues above a message each millisecond, whose cohorts are shorter, get ten a second.
 */
export function longestLook({ analysis }: Policy, ratePerSecond: number): number {
  return Math.min(analysis.intervalMs, longestLookMs, ratePerSecond > busyPerSecond ? fineLookMs : Infinity)
}

/**
 * Milliseconds until the next look. It is short in a short step, while a bad canary is at work, and once the rollout is decided: most drains are over
 * in a moment. `harmfulShare`: the share that a bad canary has now, a fraction of one.
 */
export function untilNextLook(rollout: Rollout, harmfulShare: number, { lookMs, policy, traffic }: Scenario): number {
  if (rollout.phase === 'Draining' || rollout.phase === 'RollingBack') return Math.min(lookMs, fineLookMs)
  const excess = traffic.canary.failures - traffic.stable.failures
  const isHarmful = (excess * harmfulShare * traffic.ratePerSecond * lookMs) / 1_000 >= excessPerLook
  const partMs = Math.floor(spanOf(rollout, policy) / looksPerStep)
  return Math.max(shortestLookMs, Math.min(lookMs, isHarmful ? fineLookMs : Infinity, partMs))
}

/** How long the step lasts (after the ramp: its last one), or has lasted where it waits for something; `Infinity` where nothing says. */
function spanOf({ step, stepElapsedMs }: Rollout, { steps }: Policy): number {
  const last = steps[Math.min(step, steps.length - 1)]
  return Math.max(last?.durationMs ?? Infinity, stepElapsedMs)
}
