import type { Transition } from './event.ts'
import { withGroup } from './follow-group.ts'
import { stay } from './look.ts'
import type { Look } from './look.ts'
import { abortablePhases } from './rollout.ts'
import type { Rollout } from './rollout.ts'

/** Lets a move through, unless it goes forward and something holds all that does: a freeze, or the other queues of a group. */
export function gated(look: Look, next: Transition<Rollout>): Transition<Rollout> {
  const { rollout, seen } = look
  if (!goesForward(rollout, next.state)) return next
  if (seen.freeze !== undefined) return stay(rollout, `held by ${seen.freeze.text}`)
  return rollout.group === undefined ? next : withGroup(look, rollout.group, next)
}

/** From its start to the commit of the promotion; what is held or goes back does not. */
function goesForward(before: Rollout, after: Rollout): boolean {
  if (!abortablePhases.includes(before.phase) || after.phase === 'RollingBack') return false
  const isHeld = after.phase === 'Paused' && after.hold !== 'step'
  return !isHeld && (after.phase !== before.phase || after.step > before.step)
}
