import { allocate } from '../allocation/allocate.ts'
import type { Policy } from '../policy/policy.ts'
import { advance } from './advance.ts'
import type { Advance } from './advance.ts'
import { leaveOut } from './cohort-clock.ts'
import type { Transition } from './event.ts'
import { bookLook } from './measure.ts'
import { hasVoted } from './group.ts'
import { moveTo } from './move.ts'
import type { QueueState } from './queue-state.ts'
import { abortablePhases } from './rollout.ts'
import type { Rollout } from './rollout.ts'

export interface AdvanceWithoutPolicy extends Omit<Advance, 'policy'> {
  /** The policy has been missing for so long that it will not come back. */
  readonly hopeless: boolean
}

/**
 * What a coordinator does while the pinned policy cannot be read. Nobody moves a rollout forward whose rules are unknown: the canary takes
 * nothing, and goes back when an operator or another queue of its group says so, or hope is lost. What has begun to end ends all the same.
 */
export function advanceWithoutPolicy(
  state: QueueState,
  rollout: Rollout,
  { hopeless, ...input }: AdvanceWithoutPolicy,
): Transition<QueueState> {
  const aborted = state.commands.some((command) => command.kind === 'abort' && command.rollout === rollout.id)
  const isDecided = hasVoted(rollout) || Object.values(input.seen.peers).some(({ kind }) => kind === 'takenBack')
  if (aborted || isDecided || !abortablePhases.includes(rollout.phase))
    return advance(state, { ...input, policy: lastResort })
  if (!hopeless) return held(state, rollout, input)
  const why = 'the pinned policy is missing in the store: nobody knows the rules of the rollout'
  const moved = moveTo(rollout, { phase: 'RollingBack', at: input.at, why })
  const next = advance({ ...state, rollout: moved.state }, { ...input, policy: lastResort })
  return { state: next.state, effects: [...moved.effects, ...next.effects] }
}

/** Books harm and the rollout's own clock; steps, measurements and commands wait for the policy. */
function held(state: QueueState, rollout: Rollout, input: Omit<Advance, 'policy'>): Transition<QueueState> {
  const { stepElapsedMs, phaseElapsedMs, metrics } = rollout
  const booked = bookLook(rollout, lastResort, { kind: 'look', ratePerMs: input.pace.ratePerMs, ...input })
  const waiting = { ...booked, stepElapsedMs, phaseElapsedMs, metrics }
  const { allocations, forgone, unaccounted } = allocate({
    ...input,
    rollout: waiting,
    lanes: { stable: { kind: 'stream' }, canary: { kind: 'none' } },
    before: state.allocations,
    maxFailedMessages: 0,
    maxReceiveCount: 0,
    fuse: undefined,
  })
  // The canary takes nothing: nothing is compared either.
  const comparison = waiting.comparison && {
    ...waiting.comparison,
    clock: leaveOut(waiting.comparison.clock, { elapsedMs: waiting.elapsedMs, target: 0 }),
  }
  return { state: { ...state, rollout: { ...waiting, forgone, unaccounted, comparison }, allocations }, effects: [] }
}

/** Enough to end by: the drain as policies have it by default, and nothing that could let a canary message start. */
export const lastResort: Policy = {
  strategy: 'canary',
  steps: [],
  ramp: undefined,
  analysis: { intervalMs: 1_000, significanceLevel: 0, promotionErrorRate: 0, metrics: [] },
  limits: { maxFailedMessages: 0, maxInFlight: 0, maxReceiveCount: 0 },
  onFailure: 'rollback',
  onInsufficientData: 'rollback',
  progressDeadlineMs: 0,
  promotion: { workers: 1, durationMs: 0 },
  drain: { timeoutMs: 60_000, onTimeout: 'handBack' },
  rollbackWindowMs: 0,
  freeze: [],
  webhooks: [],
  aliases: [],
  tests: [],
}
