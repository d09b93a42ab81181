import type { Observation } from '../../../src/core/rollout/observation.ts'
import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { implies } from '../../support/broken-rules.ts'

interface Step {
  readonly before: Rollout
  readonly after: Rollout
  readonly seen: Observation
}

/** Of a look that a freeze may hold. */
export function freezeRules({ before, after, seen }: Step) {
  const frozenMs = (after.frozenMs ?? 0) - (before.frozenMs ?? 0)
  const counts = seen.freeze !== undefined && !isTerminal(before.phase)
  return {
    'nothing goes forward in a freeze': implies(seen.freeze !== undefined, !isAhead(before, after)),
    'a freeze is no time of the deadline': frozenMs === (counts ? after.elapsedMs - before.elapsedMs : 0),
  }
}

const stages = ['Initialized', 'Progressing', 'WaitingPromotion', 'Promoting', 'Draining']

/** Who was held by a person or a failure may go on with the step that it had. */
function isAhead(before: Rollout, after: Rollout): boolean {
  const [from, to] = [stages.indexOf(before.phase), stages.indexOf(after.phase)]
  return (after.step > before.step && to >= 0) || (from >= 0 && to > from)
}
