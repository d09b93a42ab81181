import type { Lane } from '../allocation/lane.ts'
import type { Policy, RampStep } from '../policy/policy.ts'
import type { Observation } from './observation.ts'
import type { Rollout } from './rollout.ts'

export interface Lanes {
  readonly stable: Lane
  readonly canary: Lane
}

/** What each version may do in a phase. The stable version streams until the promotion is committed: nothing holds it back. */
export function lanesOf(rollout: Rollout, policy: Policy, seen: Observation): Lanes {
  switch (rollout.phase) {
    case 'Initialized':
      return { stable: { kind: 'stream' }, canary: { kind: 'none' } }
    case 'Progressing':
    case 'WaitingPromotion':
    case 'Paused':
      return { stable: { kind: 'stream' }, canary: trialLane(rollout, policy, seen) }
    case 'Promoting':
      return {
        stable: { kind: 'stream' },
        canary: throttled({ weight: 100, concurrency: undefined, delayMs: 0 }, policy, seen),
      }
    case 'Draining':
    case 'Succeeded':
      return { stable: leavingLane(policy), canary: { kind: 'stream' } }
    case 'RollingBack':
    case 'RolledBack':
      return { stable: { kind: 'stream' }, canary: drainLane(policy) }
  }
}

function drainLane({ drain }: Policy): Lane {
  return { kind: 'drain', timeoutMs: drain.timeoutMs, onTimeout: drain.onTimeout }
}

/** The old version, after the commit: within a rollback window it stays. */
function leavingLane(policy: Policy): Lane {
  return policy.rollbackWindowMs > 0 ? { kind: 'none' } : drainLane(policy)
}

/** The ramp step whose weight holds now: the running one, or the last one before a pause or the end. */
function rampStepAt(policy: Policy, index: number): RampStep | undefined {
  return policy.steps.slice(0, index + 1).findLast((step) => step.kind === 'ramp')
}

function trialLane(rollout: Rollout, policy: Policy, seen: Observation): Lane {
  if (rollout.hold === 'failure' || rollout.hold === 'insufficientData') return { kind: 'none' }
  const step = rampStepAt(policy, rollout.step)
  const weight = policy.ramp === undefined ? step?.weight : rollout.ramp?.weight
  if (step === undefined || weight === undefined || weight === 0) return { kind: 'none' }
  return throttled({ ...step, weight }, policy, seen)
}

function throttled(
  step: Pick<RampStep, 'weight' | 'concurrency' | 'delayMs'>,
  policy: Policy,
  seen: Observation,
): Lane {
  const concurrency = Math.min(step.concurrency ?? seen.canary.capacity, policy.limits.maxInFlight)
  return { kind: 'throttled', weight: step.weight, concurrency, delayMs: step.delayMs }
}
