import type { Transition } from './event.ts'
import type { Look } from './look.ts'
import { moveTo } from './move.ts'
import type { Rollout } from './rollout.ts'

/** The commit of the promotion: the canary is in charge from now on. */
export function commit({ rollout, at }: Look, because?: string): Transition<Rollout> {
  const reason = because === undefined ? '' : `${because}: `
  const why = `${reason}${rollout.canary} is in charge; the consumers of ${rollout.stable} drain`
  const numbers = { harmed: rollout.harmed }
  return moveTo(rollout, { phase: 'Draining', at, why, numbers, effects: [{ kind: 'commitPromotion' }] })
}
