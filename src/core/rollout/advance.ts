import { allocate } from '../allocation/allocate.ts'
import { idleAllocations } from '../allocation/lane.ts'
import type { Pace } from '../allocation/permits.ts'
import type { Policy } from '../policy/policy.ts'
import { fuseOf } from './comparison.ts'
import { cohortLength, leaveOut, turnClock } from './cohort-clock.ts'
import type { Effect, RolloutEvent, Transition } from './event.ts'
import { lanesOf } from './lanes.ts'
import type { Observation } from './observation.ts'
import { runningRollout } from './queue-state.ts'
import type { Command, QueueState } from './queue-state.ts'
import { hasMoved, isTerminal } from './rollout.ts'
import type { Rollout } from './rollout.ts'
import { passWindow } from './standby.ts'
import { bury } from './tombstones.ts'
import { transition } from './transition.ts'

export interface Advance {
  readonly at: string
  readonly sinceMs: number
  /** Nobody decided for a while before this: a coordinator was lost, or stood still. @default false */
  readonly isLate?: boolean
  readonly seen: Observation
  readonly pace: Pace
  readonly policy: Policy
}

/** One decision of a coordinator: carries out the commands, looks, and says what everybody may do from now on. */
export function advance(before: QueueState, input: Advance): Transition<QueueState> {
  const { at, sinceMs, seen, policy, pace } = input
  const rollout = runningRollout(before)
  if (rollout === undefined) return withoutRollout(before, sinceMs)
  const { freeze } = seen
  const commands = abortFirst(before.commands, rollout.id)
  const told = commands.map((command): RolloutEvent => ({ kind: 'command', at, command, freeze }))
  const commanded = told.reduce(applying(policy), { state: rollout, effects: [] })
  const look: RolloutEvent = { kind: 'look', at, sinceMs, ratePerMs: pace.ratePerMs, seen }
  // What an operator has just begun has lasted for no time yet.
  const isNew = hasMoved(rollout, commanded.state)
  const moved = applying(policy)(commanded, isNew ? { ...look, inPhaseMs: 0 } : look)
  const next = { ...before, standby: passWindow(before.standby, sinceMs), rollout: moved.state, commands: [] }
  const settled = moved.effects.reduce<QueueState>((known, effect) => applied(known, effect, input), next)
  return { state: allocated(settled, moved.state, input), effects: moved.effects }
}

/** Nothing to move but the rollback window: commands that came too late are refused. */
export function withoutRollout(state: QueueState, sinceMs: number): Transition<QueueState> {
  const effects = state.commands.map(
    ({ kind }) => ({ kind: 'refuse', why: `${kind} refused: no rollout runs` }) as const,
  )
  return { state: { ...state, standby: passWindow(state.standby, sinceMs), commands: [] }, effects }
}

function applying(policy: Policy) {
  return (before: Transition<Rollout>, event: RolloutEvent): Transition<Rollout> => {
    const after = transition(before.state, event, policy)
    return before.effects.length === 0 ? after : { ...after, effects: [...before.effects, ...after.effects] }
  }
}

/** Abort beats everything that was said with it. */
function abortFirst(commands: readonly Command[], rolloutId: string): readonly Command[] {
  if (commands.length === 0) return commands
  const meant = commands.filter(({ rollout }) => rollout === rolloutId)
  return meant.toSorted((a, b) => Number(b.kind === 'abort') - Number(a.kind === 'abort'))
}

function applied(state: QueueState, effect: Effect, { at, policy }: Advance): QueueState {
  const { rollout } = state
  if (rollout === undefined) return state
  switch (effect.kind) {
    case 'commitPromotion':
      return {
        ...buried(state, rollout.stable, 'promotedAway', at),
        stable: rollout.canary,
        previous: rollout.stable,
        standby: passWindow({ version: rollout.stable, leftMs: policy.rollbackWindowMs }, 0),
      }
    case 'buryCanary':
      return buried(state, rollout.canary, 'rolledBack', at)
    case 'announce':
    case 'withdraw':
    case 'refuse':
      return state
  }
}

function buried(state: QueueState, version: string, reason: 'promotedAway' | 'rolledBack', at: string): QueueState {
  return { ...state, tombstones: bury(state.tombstones, version, { reason, at }) }
}

function allocated(state: QueueState, rollout: Rollout, { seen, pace, policy, isLate = false }: Advance): QueueState {
  if (isTerminal(rollout.phase)) return { ...state, allocations: idleAllocations }
  const lanes = lanesOf(rollout, policy, seen)
  const { allocations, forgone, unaccounted } = allocate({
    rollout,
    lanes,
    before: state.allocations,
    seen,
    maxFailedMessages: policy.limits.maxFailedMessages,
    maxReceiveCount: policy.limits.maxReceiveCount,
    pace,
    fuse: rollout.comparison && fuseOf(rollout.comparison, policy),
  })
  const { comparison, elapsedMs } = rollout
  const target = lanes.canary.kind === 'throttled' ? lanes.canary.weight / 100 : 0
  const lengthMs = cohortLength(policy.analysis.intervalMs, pace.ratePerMs)
  const turn = isLate ? leaveOut : turnClock
  const turned = comparison && { ...comparison, clock: turn(comparison.clock, { elapsedMs, target, lengthMs }) }
  return { ...state, rollout: { ...rollout, forgone, unaccounted, comparison: turned }, allocations }
}
