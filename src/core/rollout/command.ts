import { assertNever } from '../assert-never.ts'
import type { Policy, Step } from '../policy/policy.ts'
import type { CommandEvent, Transition } from './event.ts'
import { lackOfProof, spentBudget } from './judge.ts'
import { judgedAnew, moveTo, openStep } from './move.ts'
import type { Command } from './queue-state.ts'
import { abortablePhases, carriedOutLimit, isTerminal } from './rollout.ts'
import type { Rollout } from './rollout.ts'
import { lengthOf } from './steps.ts'

/** Carries out an operator's command. What does not fit the phase is refused with the reason; the same command a second time does nothing. */
export function command(rollout: Rollout, event: CommandEvent, policy: Policy): Transition<Rollout> {
  const { id } = event.command
  if (isTerminal(rollout.phase)) return refuse(rollout, event.command, `the rollout has ended: ${rollout.phase}`)
  if (rollout.carriedOut.includes(id)) return { state: rollout, effects: [] }
  const { state, effects } = carryOut(rollout, event, policy)
  return { state: { ...state, carriedOut: [...state.carriedOut, id].slice(-carriedOutLimit) }, effects }
}

function carryOut(rollout: Rollout, { at, command: wish, freeze }: CommandEvent, policy: Policy): Transition<Rollout> {
  switch (wish.kind) {
    case 'abort':
      return abort(rollout, wish, at)
    case 'pause':
      return pause(rollout, wish, at)
    case 'resume':
      return resume(rollout, wish, at, policy)
    case 'promote':
      if (freeze !== undefined) return refuse(rollout, wish, `${freeze.text} holds it`)
      return wish.full ? promoteFull(rollout, wish, at, policy) : promote(rollout, wish, at, policy)
    default:
      return assertNever(wish.kind)
  }
}

function abort(rollout: Rollout, wish: Command, at: string): Transition<Rollout> {
  if (rollout.phase === 'RollingBack') return { state: rollout, effects: [] }
  if (!abortablePhases.includes(rollout.phase))
    return refuse(rollout, wish, `${rollout.canary} is in charge already; use undo once the drain has ended`)
  return moveTo(rollout, {
    phase: 'RollingBack',
    at,
    why: said(wish.from === undefined ? 'aborted by an operator' : `queue ${wish.from} has to go back`, wish),
    numbers: { harmed: rollout.harmed },
  })
}

function pause(rollout: Rollout, wish: Command, at: string): Transition<Rollout> {
  // A pause step may have a duration: what an operator holds must not go on by itself.
  const isRunning = rollout.phase === 'Progressing' || rollout.hold === 'step'
  if (rollout.phase === 'Paused' && !isRunning) return { state: rollout, effects: [] }
  if (!isRunning) return refuse(rollout, wish, `only a running step can be paused, not ${rollout.phase}`)
  return moveTo(rollout, { phase: 'Paused', hold: 'operator', at, why: said('paused by an operator', wish) })
}

/** Goes on with the step that was held; its measurements begin anew, so that what held it does not hold it at once again. */
function resume(rollout: Rollout, wish: Command, at: string, policy: Policy): Transition<Rollout> {
  if (rollout.phase === 'Progressing') return { state: rollout, effects: [] }
  if (rollout.phase !== 'Paused')
    return refuse(rollout, wish, `only a paused rollout can be resumed, not ${rollout.phase}`)
  if (rollout.hold === 'step') return refuse(rollout, wish, 'a pause step ends by promote')
  if (rollout.hold === 'operator')
    return moveTo(rollout, back(rollout, policy, at, said('resumed by an operator', wish)))
  const spent = spentBudget(rollout, policy)
  if (spent !== undefined) return refuse(rollout, wish, spent)
  const anew = openStep(rollout.hold === 'failure' ? judgedAnew(rollout) : gatheringMore(rollout, policy), undefined)
  return moveTo(anew, back(anew, policy, at, said('resumed by an operator, measuring anew', wish)))
}

/** What was compared stays: it lacked something, and nothing spoke against it. Behind the ramp, its last step gathers the proof that is missing. */
function gatheringMore(rollout: Rollout, policy: Policy): Rollout {
  const { steps } = policy
  const goesBack = rollout.step >= steps.length && lackOfProof(rollout, policy) !== undefined
  return { ...rollout, metrics: {}, step: goesBack ? steps.findLastIndex(isRamp) : rollout.step }
}

function isRamp({ kind }: Step): boolean {
  return kind === 'ramp'
}

function promote(rollout: Rollout, wish: Command, at: string, policy: Policy): Transition<Rollout> {
  const obstacle = noNextStep(rollout, policy)
  if (obstacle !== undefined) return refuse(rollout, wish, obstacle)
  // What was inconclusive for too long would hold the next step at once.
  const metrics = rollout.hold === 'insufficientData' ? {} : rollout.metrics
  const opened = openStep({ ...rollout, metrics }, undefined)
  const next = { ...opened, step: rollout.step + 1 }
  return moveTo(opened, back(next, policy, at, said('promoted to the next step by an operator', wish)))
}

function noNextStep(rollout: Rollout, policy: Policy): string | undefined {
  const { phase, hold, step } = rollout
  const none = `there is no step to go on from in ${phase}`
  // With a spent budget, what would be advised is refused as well.
  const spent = spentBudget(rollout, policy)
  if (phase === 'Initialized') return `${none}; use --full to skip the ramp`
  if (phase === 'WaitingPromotion') return spent ?? `${none}; use --full to promote without what it waits for`
  if (phase !== 'Progressing' && phase !== 'Paused') return none
  if (hold === 'failure')
    return spent ?? 'it is held by a failure; use resume to try again, or --full to promote all the same'
  if (step < policy.steps.length) return undefined
  return spent ?? 'no step is left; use resume to gather more, or --full to promote without it'
}

/** Whatever the metrics said; they are measured anew, so that an old failure does not undo the wish. Only the failure budget stands above it. */
function promoteFull(rollout: Rollout, wish: Command, at: string, policy: Policy): Transition<Rollout> {
  if (!abortablePhases.includes(rollout.phase)) return refuse(rollout, wish, `it is ${rollout.phase}`)
  if (rollout.phase === 'Promoting') return { state: rollout, effects: [] }
  const spent = spentBudget(rollout, policy)
  if (spent !== undefined) return refuse(rollout, wish, spent)
  const why = said('promoted in full by an operator: the rest of the ramp is skipped', wish)
  return moveTo(openStep(judgedAnew(rollout), undefined), {
    phase: 'Promoting',
    step: policy.steps.length,
    at,
    why,
    numbers: { harmed: rollout.harmed },
  })
}

/** The phase that the step at `rollout.step` runs in. */
function back(rollout: Rollout, policy: Policy, at: string, why: string) {
  const step = policy.steps[rollout.step]
  if (step === undefined) return { phase: 'WaitingPromotion', step: policy.steps.length, at, why } as const
  if (step.kind === 'pause')
    return { phase: 'Paused', hold: 'step', step: rollout.step, at, why: `${why}; ${lengthOf(step)}` } as const
  return { phase: 'Progressing', step: rollout.step, at, why } as const
}

function said(what: string, wish: Command): string {
  return wish.reason === '' ? what : `${what}: ${wish.reason}`
}

function refuse(rollout: Rollout, wish: Command, why: string): Transition<Rollout> {
  return { state: rollout, effects: [{ kind: 'refuse', why: `${wish.kind} refused: ${why}` }] }
}
