import { budgetedShare } from '../allocation/budgeted-share.ts'
import { evidenceOf } from '../evidence/judge-evidence.ts'
import { judgeOptionsOf } from '../evidence/judge-options.ts'
import type { Policy } from '../policy/policy.ts'
import { cohortLength } from './cohort-clock.ts'
import { isOutage } from './comparison.ts'
import type { VersionFacts } from './observation.ts'
import type { Rollout } from './rollout.ts'

/** While nobody knows how fast the queue is. */
const firstWeight = 1
/** Beside a look: what a decision and the messages under way take until it has its effect. */
const effectMs = 1_000

interface Conditions {
  readonly ratePerMs: number
  readonly isFrozen: boolean
  readonly stable: Pick<VersionFacts, 'capacity' | 'signedOff'>
}

/** Once a look, the weight follows the evidence. What was taken at another weight says nothing of the share at this one. */
export function considerWeight(rollout: Rollout, policy: Policy, conditions: Conditions): Rollout {
  const { ratePerMs, stable } = conditions
  if (!isDue(rollout, policy, ratePerMs)) return rollout
  const peak = Math.max(rollout.ramp?.peak ?? 0, stable.capacity + stable.signedOff)
  const before = rollout.ramp?.weight
  const weight = ratePerMs > 0 ? weightFor(rollout, policy, conditions) : (before ?? firstWeight)
  const considered = { ...rollout, ramp: { weight, consideredMs: rollout.elapsedMs, peak } }
  return weight === before ? considered : { ...considered, stepOrigin: rollout.latest, forgone: 0 }
}

function isDue({ phase, ramp, elapsedMs }: Rollout, policy: Policy, ratePerMs: number): boolean {
  if (policy.ramp === undefined || phase !== 'Progressing') return false
  return ramp === undefined || elapsedMs - ramp.consideredMs >= cohortLength(policy.analysis.intervalMs, ratePerMs)
}

/**
 * True while stable consumers are missing that did not sign off. The queue moves slower then, and the budget would allow a larger share of it: the
 * canary does not take over what the dead have left.
 */
function isBereft({ capacity, signedOff }: Conditions['stable'], ramp: Rollout['ramp']): boolean {
  return capacity + signedOff < (ramp?.peak ?? 0)
}

function weightFor(
  { comparison, stepElapsedMs, ramp }: Rollout,
  policy: Policy,
  { ratePerMs, isFrozen, stable }: Conditions,
): number {
  if (policy.ramp === undefined || comparison === undefined) return 0
  const { failureBudget, maxWeight, minDurationMs } = policy.ramp
  const { significanceLevel, intervalMs } = policy.analysis
  const lookMs = cohortLength(intervalMs, ratePerMs)
  const { excessBound } = evidenceOf(comparison.judge, judgeOptionsOf(policy.analysis))
  const share = budgetedShare(
    {
      failureBudget,
      significanceLevel,
      maxShare: maxWeight / 100,
      minDurationMs,
      lookMs,
      reactionMs: lookMs + effectMs,
    },
    {
      ratePerMs,
      excessBound,
      elapsedMs: stepElapsedMs,
      share: (ramp?.weight ?? 0) / 100,
      suspicious: isFrozen || isBereft(stable, ramp) || comparison.suspicion.suspicious || isOutage(comparison),
    },
  )
  return Number((100 * share).toPrecision(4))
}
