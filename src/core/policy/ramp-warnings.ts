import { capacityOf, consequences, paceOf, percent, rampOf, short, spell } from './assumed.ts'
import type { Assumed, Place, Warning } from './assumed.ts'
import { spellDuration } from './duration.ts'
import type { Policy } from './policy.ts'

/** Steps that cannot become what they say, and what becomes of the rollout then. */
export function rampWarnings(policy: Policy, assumed: Assumed): readonly Warning[] {
  return [
    ...rampOf(policy).flatMap((place) => [
      ...tooSlow(place, policy, assumed),
      ...tooFewSamples(place, policy, assumed),
    ]),
    ...tooLate(policy, assumed),
  ]
}

function tooSlow({ step, path }: Place, policy: Policy, assumed: Assumed): readonly Warning[] {
  const { ratePerSecond } = assumed
  const capacity = capacityOf(step, policy, assumed)
  if (ratePerSecond === undefined || capacity === undefined) return []
  const wanted = (step.weight / 100) * ratePerSecond
  if (capacity >= wanted) return []
  const slots = Math.min(step.concurrency ?? policy.limits.maxInFlight, policy.limits.maxInFlight)
  const by =
    step.delayMs >= (assumed.latencyMs ?? 0)
      ? `a delay of ${spellDuration(step.delayMs)}`
      : `handlers of ${spellDuration(assumed.latencyMs ?? 0)}`
  const text = `concurrency ${slots} with ${by} begins ${short(capacity)} messages a second at most, ${percent(step.weight)} of ${short(ratePerSecond)}/s is ${short(wanted)}: the weight cannot be reached`
  return [{ path: `${path}.weight`, text }]
}

function tooFewSamples({ step, path }: Place, policy: Policy, assumed: Assumed): readonly Warning[] {
  const pace = paceOf(step, policy, assumed)
  if (pace === undefined || policy.onInsufficientData === 'promote') return []
  const expected = (pace * step.durationMs) / 1_000
  if (expected >= step.minSamples) return []
  const then = consequences[policy.onInsufficientData] ?? `that takes ${spell((1_000 * step.minSamples) / pace)}`
  const text = `about ${short(expected)} canary messages in ${spellDuration(step.durationMs)}, minSamples asks for ${step.minSamples}: ${then}`
  return [{ path: `${path}.minSamples`, text }]
}

/** Steps that wait for their samples may be too long together. */
function tooLate(policy: Policy, assumed: Assumed): readonly Warning[] {
  const { steps, promotion, progressDeadlineMs } = policy
  if (policy.onInsufficientData !== 'extend') return []
  const lengths = steps.map((step) => {
    if (step.kind === 'pause') return step.durationMs ?? 0
    const pace = paceOf(step, policy, assumed)
    return pace === undefined ? step.durationMs : Math.max(step.durationMs, (1_000 * step.minSamples) / pace)
  })
  const neededMs = lengths.reduce((sum, ms) => sum + ms, promotion.durationMs)
  if (neededMs <= progressDeadlineMs) return []
  const text = `the steps need ${spell(neededMs)} to get their samples, the deadline is ${spellDuration(progressDeadlineMs)}: every canary is taken back`
  return [{ path: 'progressDeadline', text }]
}
