import { assertNever } from '../assert-never.ts'
import type { Transition } from './event.ts'
import { judge } from './judge.ts'
import type { Look } from './look.ts'
import { totalsOf } from './measure.ts'
import { judgedAnew, moveTo, openStep } from './move.ts'
import { abortablePhases } from './rollout.ts'
import type { Rollout } from './rollout.ts'

/** What a failed or inconclusive judgement does, by the policy; undefined when nothing speaks against going on. */
export function judged(look: Look): Transition<Rollout> | undefined {
  const { rollout, policy, at, seen } = look
  if (!isOnTrial(rollout)) return undefined
  const judgement = judge(rollout, policy, seen)
  const numbers = { harmed: rollout.harmed }
  switch (judgement.kind) {
    case 'holds':
      return undefined
    case 'inconclusive':
      return moveTo(rollout, { phase: 'Paused', hold: 'insufficientData', at, why: judgement.why, numbers })
    case 'spent':
      // A step back cannot help: the canary may not fail a single message more.
      return policy.onFailure === 'pause'
        ? failed(look, 'pause', judgement.why)
        : failed(look, 'rollback', judgement.why)
    case 'failed':
      return failed(look, policy.onFailure, judgement.why)
    default:
      return assertNever(judgement)
  }
}

/** Before its first message and while it is held with none, there is nothing new to judge; after the commit it is too late. */
function isOnTrial({ phase, hold }: Rollout): boolean {
  const held = phase === 'Paused' && (hold === 'failure' || hold === 'insufficientData')
  return !held && phase !== 'Initialized' && abortablePhases.includes(phase)
}

function failed(look: Look, reaction: Look['policy']['onFailure'], why: string): Transition<Rollout> {
  const { rollout, at } = look
  const numbers = { harmed: rollout.harmed }
  switch (reaction) {
    case 'rollback':
      return moveTo(rollout, { phase: 'RollingBack', at, why, numbers })
    case 'pause':
      return moveTo(rollout, { phase: 'Paused', hold: 'failure', at, why, numbers })
    case 'stepBack':
      return stepBack(look, why)
    default:
      return assertNever(reaction)
  }
}

/** Back to the ramp step before the running one, with measurements that begin anew; where there is none, only the rollback is left. */
function stepBack({ rollout, policy, at, seen }: Look, why: string): Transition<Rollout> {
  const numbers = { harmed: rollout.harmed }
  const isRamp = (step: Look['policy']['steps'][number]) => step.kind === 'ramp'
  const running = policy.steps.slice(0, rollout.step + 1).findLastIndex(isRamp)
  const target = policy.steps.slice(0, Math.max(0, running)).findLastIndex(isRamp)
  if (target < 0 || rollout.phase === 'Promoting') {
    return moveTo(rollout, { phase: 'RollingBack', at, why: `${why}; there is no step to go back to`, numbers })
  }
  const anew = openStep(judgedAnew(rollout), totalsOf(seen))
  const back = { step: target, at, why: `${why}; back to step ${target + 1}`, numbers }
  // Whoever holds it goes on holding it.
  if (rollout.hold === 'operator') return moveTo(anew, { ...back, phase: 'Paused', hold: 'operator' })
  return moveTo(anew, { ...back, phase: 'Progressing' })
}
