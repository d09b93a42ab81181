import type { Policy } from '../../../src/core/policy/policy.ts'
import { fewestSlots, meanHandlerMs } from './scenario.ts'
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
  const { commands, faults, workers, messagesPerSecond, contract } = scenario
  // One trouble that ends ends all: then some hear of the store, and not of the others.
  const troubles = faults.filter(({ kind }) => kind === 'storeTrouble').length
  const isUndisturbed = commands.length === 0 && faults.every(isHarmless) && troubles <= 1
  const isAsUsual =
    messagesPerSecond >= 10 && workers.every(({ version }) => version !== 'v3') && contract === undefined
  const heldUpMs = sum(faults.map(holdsUpMs))
  const wholeMs = leastMs(limits, messagesPerSecond) + proofMs(limits, messagesPerSecond) + heldUpMs
  const hasTime = wholeMs <= limits.progressDeadlineMs
  return isGood(scenario) && isUndisturbed && isAsUsual && asksLittle(limits) && hasTime
}

/** Who has died is found dead, another one coordinates, and it comes back; who cannot reach the store takes no notice of the rollout. */
function holdsUpMs(fault: Fault): number {
  if (fault.kind === 'crash') return 12_000
  return fault.kind === 'storeTrouble' ? fault.forMs : 0
}

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
  return 2 * sum(stepsMs) + promotion.durationMs + 3_000
}

/** Behind the last step, where its messages are too few; without end where one version takes all. */
function proofMs({ steps, analysis }: Policy, messagesPerSecond: number): number {
  if (analysis.metrics.every(asksNoProof)) return 0
  const weight = steps.flatMap((step) => (step.kind === 'ramp' ? step.weight : [])).at(-1) ?? 0
  return (proofMessages * 100_000) / (Math.min(weight, 100 - weight) * messagesPerSecond)
}

/** Of either version, for a wide margin: four looks, each of thirty where the stable version has few slots. */
const proofMessages = 160
const wideMargin = 0.4

type Metric = Policy['analysis']['metrics'][number]

function asksNoProof(metric: Metric): boolean {
  return metric.kind !== 'failures' || metric.promoteWithoutProof
}

/** A proof of the usual margin takes more messages than a run of a minute has. */
function asksLittle({ onInsufficientData, analysis, ramp }: Policy): boolean {
  const mayProve = (metric: Metric): boolean =>
    metric.kind === 'failures' && metric.nonInferiorityMargin.absolute >= wideMargin
  const { metrics } = analysis
  return (
    ramp === undefined &&
    onInsufficientData === 'extend' &&
    metrics.every((each) => asksNoProof(each) || mayProve(each))
  )
}

function isGood({ quality }: Scenario): boolean {
  const { canaryFailures, canaryStuck, poison, canarySlowness, external } = quality
  const isMeasured = external === undefined || external === 'good'
  return canaryFailures + canaryStuck + poison === 0 && canarySlowness === 1 && isMeasured
}

/** Time in which the queues have to become empty at the end: bursts in the last seconds, and a slow handler on one worker. */
export const emptyingMs = 100_000

/** Whoever is in charge at the end can keep up, with bursts too. */
export function mustKeepUp(scenario: Scenario): boolean {
  const { canaryStuck, canaryFailures } = scenario.quality
  return canaryStuck === 0 && canaryFailures < 0.3 && burstsTakeMs(scenario) <= emptyingMs / 2
}

/** With the fewest slots that a version has, and the slower of the two. */
function burstsTakeMs({ faults, workers, quality }: Scenario): number {
  const messages = sum(faults.map((fault) => (fault.kind === 'burst' ? fault.messages : 0)))
  return (messages * meanHandlerMs(quality)) / fewestSlots(workers)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
