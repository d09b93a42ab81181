import { assertNever } from '../assert-never.ts'
import { spellDuration } from '../policy/duration.ts'
import type { PauseStep, RampStep } from '../policy/policy.ts'
import type { Transition } from './event.ts'
import { lacking } from './judge.ts'
import { stay } from './look.ts'
import type { Look } from './look.ts'
import { samplesInStep, takenInStep, totalsOf } from './measure.ts'
import { moveTo, openStep } from './move.ts'
import type { Rollout } from './rollout.ts'

/** Opens the step after `current` (-1: the first), or ends the ramp. */
export function nextStep({ rollout, policy, at, seen }: Look, current: number, why: string): Transition<Rollout> {
  const index = current + 1
  const step = policy.steps[index]
  const { canary, total } = takenInStep(rollout, seen)
  const numbers = { harmed: rollout.harmed, samples: samplesInStep(rollout, seen), canary, total }
  const opened = openStep(rollout, totalsOf(seen))
  if (step === undefined) return endOfRamp(opened, { at, why, index, numbers })
  if (step.kind === 'pause') {
    return moveTo(opened, { phase: 'Paused', hold: 'step', step: index, at, why: `${why}; ${lengthOf(step)}`, numbers })
  }
  return moveTo(opened, {
    phase: 'Progressing',
    step: index,
    at,
    why: `${why}; step ${index + 1}: weight ${step.weight} %`,
    numbers,
  })
}

/** `pause until promote`, or for how long. */
export function lengthOf({ durationMs }: PauseStep): string {
  return durationMs === undefined ? 'pause until promote' : `pause for ${spellDuration(durationMs)}`
}

/** A running step passes when its time is over, its samples are there, and every metric lets it. */
export function passStep(look: Look): Transition<Rollout> {
  const { rollout, policy, seen } = look
  const step = policy.steps[rollout.step]
  if (step?.kind !== 'ramp') return nextStep(look, rollout.step, 'the step is over')
  if (rollout.stepElapsedMs < step.durationMs) return stay(rollout)
  const lack = lacking(rollout, policy, step, seen)
  if (lack === undefined)
    return nextStep(look, rollout.step, `step ${rollout.step + 1} passed: ${samplesInStep(rollout, seen)} samples`)
  if (policy.ramp !== undefined && rollout.stepElapsedMs < policy.ramp.maxDurationMs) return stay(rollout, lack)
  return insufficient(look, step, lack)
}

function insufficient(look: Look, step: RampStep, lack: string): Transition<Rollout> {
  const { rollout, policy, at, seen } = look
  const why = `step ${rollout.step + 1} (weight ${step.weight} %) is over but lacks data: ${lack}`
  const numbers = { samples: samplesInStep(rollout, seen), minSamples: step.minSamples, harmed: rollout.harmed }
  switch (policy.onInsufficientData) {
    case 'extend':
      return stay(rollout, `${why}; extended until progressDeadline at most`)
    case 'pause':
      return moveTo(rollout, { phase: 'Paused', hold: 'insufficientData', at, why, numbers })
    case 'rollback':
      return moveTo(rollout, { phase: 'RollingBack', at, why, numbers })
    case 'promote':
      return nextStep(look, rollout.step, `${why}; the policy goes on without it`)
    default:
      return assertNever(policy.onInsufficientData)
  }
}

function endOfRamp(
  rollout: Rollout,
  end: {
    readonly at: string
    readonly why: string
    readonly index: number
    readonly numbers: Readonly<Record<string, number>>
  },
): Transition<Rollout> {
  const why = `${end.why}; the ramp is complete`
  if (rollout.phase !== 'Initialized')
    return moveTo(rollout, { ...end, phase: 'WaitingPromotion', step: end.index, why })
  return moveTo(rollout, { ...end, phase: 'Promoting', step: end.index, why: `${end.why}; there are no steps` })
}
