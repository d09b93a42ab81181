import { noCounts } from '../../../src/core/evidence/counts.ts'
import { openMetric } from '../../../src/core/evidence/metric-progress.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import type { RolloutEvent } from '../../../src/core/rollout/event.ts'
import type { Observation } from '../../../src/core/rollout/observation.ts'
import type { CommandKind } from '../../../src/core/rollout/queue-state.ts'
import type { Hold, Phase, Rollout } from '../../../src/core/rollout/rollout.ts'
import { analysisOf, buildPolicy, ceilingMetric, pauseStep, rampStep } from '../../support/build-policy.ts'
import { at, buildCommand, buildRollout, counts, facts, observation } from '../../support/build-rollout.ts'

/** A ramp, a timed pause, a ramp; every time is a second; five failures are one too many. */
const basis = {
  steps: [rampStep({ weight: 10 }), pauseStep(1_000), rampStep({ weight: 50 })],
  limits: { maxFailedMessages: 5, maxInFlight: 50, maxReceiveCount: 3 },
  progressDeadlineMs: 100_000,
  promotion: { workers: 1, durationMs: 1_000 },
} as const

const totals = { stable: noCounts, canary: noCounts }

/** Every phase, `Paused` once for each reason to hold; the clocks stand at 0 and nothing was taken yet. */
export const situations: Readonly<
  Record<string, { readonly phase: Phase; readonly hold?: Hold; readonly step: number }>
> = {
  Initialized: { phase: 'Initialized', step: 0 },
  Progressing: { phase: 'Progressing', step: 0 },
  'Paused/step': { phase: 'Paused', hold: 'step', step: 1 },
  'Paused/operator': { phase: 'Paused', hold: 'operator', step: 0 },
  'Paused/failure': { phase: 'Paused', hold: 'failure', step: 0 },
  'Paused/insufficientData': { phase: 'Paused', hold: 'insufficientData', step: 0 },
  WaitingPromotion: { phase: 'WaitingPromotion', step: 3 },
  Promoting: { phase: 'Promoting', step: 3 },
  Draining: { phase: 'Draining', step: 3 },
  RollingBack: { phase: 'RollingBack', step: 1 },
  Succeeded: { phase: 'Succeeded', step: 3 },
  RolledBack: { phase: 'RolledBack', step: 1 },
}

export function rolloutIn(situation: string, parts: Partial<Rollout> = {}): Rollout {
  const where = situations[situation]
  if (where === undefined) throw new Error(`there is no situation ${situation}`)
  return buildRollout({ ...where, origin: totals, stepOrigin: totals, ...parts })
}

export function situationOf({ phase, hold }: Rollout): string {
  return hold === undefined ? phase : `${phase}/${hold}`
}

export interface Happening {
  readonly event: RolloutEvent
  readonly policy: Policy
  /** What the rollout has on its clocks and books before. */
  readonly before: Partial<Rollout>
}

export function look(seen: Partial<Observation> = {}, sinceMs = 50): RolloutEvent {
  return { kind: 'look', at, sinceMs, ratePerMs: 0, seen: observation(seen) }
}

export function say(kind: CommandKind, parts: { full?: boolean; id?: string; reason?: string } = {}): RolloutEvent {
  return { kind: 'command', at, command: buildCommand(kind, parts) }
}

const handled = (succeeded: number, failed = 0) =>
  canaryWith({ counts: counts({ taken: succeeded + failed, succeeded, failed }) })
const canaryWith = (parts: Parameters<typeof facts>[0]) => ({
  ...facts({ live: 1, ready: 1, undrained: 1, capacity: 10 }),
  ...parts,
})
const drained = look({ stable: facts({ ready: 1, live: 1 }), canary: facts({ ready: 1, live: 1 }) })
const over = { stepElapsedMs: 1_000, phaseElapsedMs: 1_000 }
const metricOpen = {
  metrics: { 'failure-rate': { ...openMetric({ counts: noCounts, durations: {} }), windowMs: 100 } },
}

function happening(event: RolloutEvent, before: Partial<Rollout> = {}, policy: Partial<Policy> = {}): Happening {
  return { event, before, policy: buildPolicy({ ...basis, ...policy }) }
}

function judging(seen: Partial<Observation>, metric: Parameters<typeof ceilingMetric>[0] = {}): Happening {
  return happening(look(seen), metricOpen, { analysis: analysisOf([ceilingMetric(metric)]) })
}

/** All that can happen to a rollout. What is not named is in order: everybody is ready, nothing waits to be handled again. */
export const happenings: Readonly<Record<string, Happening>> = {
  'nothing new': happening(look()),
  'time over': happening(look({ canary: handled(10) }), over),
  'no samples': happening(look(), over),
  'budget spent': happening(look({ canary: handled(995, 5) })),
  'budget in doubt': happening(look({ canary: handled(995, 5), handsBack: true }), over),
  'metric failed': judging({ canary: handled(8, 2) }),
  'metric inconclusive': judging({}, { inconclusiveLimit: 0 }),
  'metric error': judging({ backlog: undefined }, { measure: 'backlog', consecutiveErrorLimit: 0 }),
  deadline: happening(look(), { elapsedMs: 99_950 }),
  'hand-back unknown': happening(look({ canary: handled(10), handBackBacklog: undefined }), over),
  'hand-back open': happening(look({ canary: handled(10), handBackBacklog: 3 }), over),
  'canary not ready': happening(look({ canary: { ...handled(10), ready: 0 } }), over),
  'stable not ready': happening(look({ canary: handled(10), stable: facts({ live: 1, undrained: 1 }) }), over),
  'stable unaware': happening(
    look({ canary: handled(10), stable: facts({ live: 1, ready: 1, undrained: 1, unaware: 1 }) }),
    over,
  ),
  drained: happening(drained),
  'reports lost': happening(drained, { latest: { stable: counts({ taken: 5 }), canary: counts({}) } }),
  recounted: happening(drained, { recountMs: 50 }),
  'drain deadline': happening(look(), { phaseElapsedMs: 10_950 }),
  promote: happening(say('promote')),
  'promote --full': happening(say('promote', { full: true })),
  pause: happening(say('pause')),
  resume: happening(say('resume')),
  abort: happening(say('abort')),
}
