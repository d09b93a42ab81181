import type { Policy } from '../../../src/core/policy/policy.ts'
import type { Fault, FaultKind, Scenario } from './scenario.ts'

/** Faults that are no evidence against a version, and after which nothing is as it was not before. */
export const harmless: ReadonlySet<FaultKind> = new Set([
  'wallJump',
  'storeSlow',
  'storeTrouble',
  'burst',
  'publishBlocked',
  'channelClosed',
])

/** A canary that fails nothing, whose rollout nobody interferes with, has to be promoted. */
export function mustSucceed(scenario: Scenario, limits: Policy): boolean {
  const { policy, commands, faults, workers, messagesPerSecond, contract } = scenario
  // One trouble that ends ends all: then some hear of the store, and not of the others.
  const troubles = faults.filter(({ kind }) => kind === 'storeTrouble').length
  const isUndisturbed = commands.length === 0 && faults.every(isHarmless) && troubles <= 1
  const isAsUsual =
    messagesPerSecond >= 10 && workers.every(({ version }) => version !== 'v3') && contract === undefined
  const crashes = faults.filter(({ kind }) => kind === 'crash').length
  const hasTime = leastMs(limits, messagesPerSecond) + crashes * crashMs <= limits.progressDeadlineMs
  return isGood(scenario) && isUndisturbed && isAsUsual && asksLittle(policy) && hasTime
}

/** Until who has died is found dead, another one coordinates, and it is back itself. */
const crashMs = 12_000

/**
 * A canary that is not heard of for long is taken for dead: what it held counts against the budget. What a stable worker held when it died says
 * nothing of the canary.
 */
function isHarmless(fault: Fault): boolean {
  if (fault.kind === 'crash') return fault.who.startsWith('stable')
  return harmless.has(fault.kind) && !(fault.kind === 'storeTrouble' && fault.who.startsWith('canary'))
}

/** Until its steps have their samples, with as much again to spare. */
function leastMs({ steps, promotion }: Policy, messagesPerSecond: number): number {
  const stepsMs = steps.map((step) => {
    if (step.kind === 'pause') return step.durationMs ?? 0
    return Math.max(step.durationMs, (step.minSamples * 100_000) / (step.weight * messagesPerSecond))
  })
  return 2 * stepsMs.reduce((sum, ms) => sum + ms, 0) + promotion.durationMs + 3_000
}

/** A proof takes more messages than a run of a minute has. */
function asksLittle({ onInsufficientData, analysis, ...policy }: Scenario['policy']): boolean {
  return (
    !('ramp' in policy) &&
    onInsufficientData === 'extend' &&
    analysis.metrics.every(({ promoteWithoutProof }) => promoteWithoutProof !== false)
  )
}

function isGood({ quality }: Scenario): boolean {
  const { canaryFailures, canaryStuck, poison, canarySlowness, external } = quality
  const isMeasured = external === undefined || external === 'good'
  return canaryFailures + canaryStuck + poison === 0 && canarySlowness === 1 && isMeasured
}

/** Whoever is in charge at the end can keep up. */
export function mustKeepUp({ quality }: Scenario): boolean {
  return quality.canaryStuck === 0 && quality.canaryFailures < 0.3
}
