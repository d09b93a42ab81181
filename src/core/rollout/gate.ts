import type { Transition } from './event.ts'
import { stay } from './look.ts'
import type { Look } from './look.ts'
import { abortablePhases } from './rollout.ts'
import type { Rollout } from './rollout.ts'

/** Lets a move through, unless it goes forward and something holds all that does: a freeze. */
export function gated({ rollout, seen }: Look, next: Transition<Rollout>): Transition<Rollout> {
  if (!goesForward(rollout, next.state) || seen.freeze === undefined) return next
  return stay(rollout, `held by ${seen.freeze.text}`)
}

/** From its start to the commit of the promotion; what is held or goes back does not. */
export function goesForward(before: Rollout, after: Rollout): boolean {
  if (!abortablePhases.includes(before.phase) || after.phase === 'RollingBack') return false
  const isHeld = after.phase === 'Paused' && after.hold !== 'step'
  return !isHeld && (after.phase !== before.phase || after.step > before.step)
}
