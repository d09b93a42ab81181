import type { Policy, Step } from '../core/policy/policy.ts'
import type { HistoryEntry, Phase, Rollout } from '../core/rollout/rollout.ts'
import { countsSince } from '../core/evidence/counts.ts'
import type { StepOverview, StepStatus } from './queue-status.ts'
import { shortfall } from './shortfall.ts'
import type { Taken } from './shortfall.ts'
import type { StatusView } from './status-view.ts'

/** The running step, from the policy and from what the coordinator allows at this moment. */
export function stepOf(view: StatusView): StepStatus | null {
  const { rollout, allocations } = view.state
  const { policy } = view
  if (rollout === undefined || policy === undefined || !stepPhases.has(rollout.phase)) return null
  const lane = allocations.canary
  const target = lane.kind === 'throttled' ? lane.weight : 0
  const share = measuredNow(view, rollout)
  const why = shortfall(view, { target, ...share })
  const step = policy.steps[rollout.step]
  return {
    index: rollout.step,
    of: policy.steps.length,
    weight: { target, measured: percentOf(share), ...(why === undefined ? {} : { why }) },
    concurrency: lane.kind === 'throttled' ? lane.concurrency : null,
    delayMs: lane.kind === 'throttled' ? lane.delayMs : 0,
    elapsedMs: rollout.stepElapsedMs,
    remainingMs: remainingMs(rollout, policy, step),
  }
}

const stepPhases: ReadonlySet<Phase> = new Set(['Progressing', 'Paused', 'WaitingPromotion', 'Promoting'])

/** All steps of the policy, with the share that each one reached. */
export function stepsOf(view: StatusView): readonly StepOverview[] {
  const { rollout } = view.state
  const steps = view.policy?.steps ?? []
  return steps.map((step, index) => {
    const state = stateOf(rollout, step.kind, index)
    return {
      kind: step.kind,
      state,
      weight: step.kind === 'ramp' ? step.weight : null,
      durationMs: step.durationMs ?? null,
      measured: rollout === undefined || step.kind === 'pause' ? null : measuredIn(view, rollout, { index, state }),
    }
  })
}

function measuredNow(view: StatusView, rollout: Rollout): Taken {
  const since = rollout.stepOrigin
  if (since === undefined) return { canary: 0, total: 0 }
  const canary = countsSince(view.totals(rollout.canary), since.canary).taken
  const stable = countsSince(view.totals(rollout.stable), since.stable).taken
  return { canary, total: canary + stable }
}

function measuredIn(
  view: StatusView,
  rollout: Rollout,
  { index, state }: { readonly index: number; readonly state: StepOverview['state'] },
): number | null {
  if (state === 'running') return percentOf(measuredNow(view, rollout))
  return state === 'passed' ? measuredAtEnd(rollout, index) : null
}

/** The entry that left the step carries the numbers of it. */
function measuredAtEnd(rollout: Rollout, index: number): number | null {
  const { canary, total } = leaving(rollout, index)?.numbers ?? {}
  return typeof canary === 'number' && typeof total === 'number' ? percentOf({ canary, total }) : null
}

/** What took the rollout past the step; undefined where the history does not reach back so far. */
function leaving({ history }: Rollout, index: number): HistoryEntry | undefined {
  return history.findLast(({ step }, at) => step > index && (history[at - 1]?.step ?? Infinity) <= index)
}

function percentOf({ canary, total }: Taken): number | null {
  return total === 0 ? null : Math.round((10_000 * canary) / total) / 100
}

function stateOf(rollout: Rollout | undefined, kind: Step['kind'], index: number): StepOverview['state'] {
  if (rollout === undefined || rollout.phase === 'Initialized') return 'ahead'
  if (index > rollout.step) return 'ahead'
  if (index < rollout.step) return hasPassed(kind, leaving(rollout, index)) ? 'passed' : 'skipped'
  return stepPhases.has(rollout.phase) ? 'running' : 'ended'
}

/** A step of the ramp that passes leaves its samples behind; an operator may end a pause, but not the whole ramp in it. */
function hasPassed(kind: Step['kind'], left: HistoryEntry | undefined): boolean {
  if (left === undefined) return true
  return kind === 'ramp' ? left.numbers['samples'] !== undefined : left.phase !== 'Promoting'
}

function remainingMs(rollout: Rollout, policy: Policy, step: Step | undefined): number | null {
  if (rollout.phase === 'Promoting') return Math.max(0, policy.promotion.durationMs - rollout.phaseElapsedMs)
  return step?.durationMs === undefined ? null : Math.max(0, step.durationMs - rollout.stepElapsedMs)
}
