import type { Clock } from '../contracts/clock.ts'
import { freezeAt } from '../core/policy/freeze.ts'
import { parsePolicy } from '../core/policy/parse-policy.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { abortablePhases, isTerminal } from '../core/rollout/rollout.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import { QueueCanaryError } from '../errors.ts'
import { beginRollout } from './begin-rollout.ts'
import { readQueue } from './queue-view.ts'
import type { QueueView } from './queue-view.ts'

/** Begins a new rollout of the version that was rolled back last, by the policy that is pinned for it. Rejects with `COMMAND_REFUSED` and `NOT_FOUND`. */
export async function beginRetry(view: QueueView, clock: Clock): Promise<string> {
  const { policyDigest: pinned } = rolledBack(await readQueue(view.records, view.place))
  const policy = await view.records.readPolicy(pinned)
  if (policy === undefined)
    throw new QueueCanaryError('NOT_FOUND', `its policy ${pinned} is missing in the store: use start with the file`)
  return beginRollout(view, clock, (state) => {
    const last = rolledBack(state)
    if (last.policyDigest !== pinned)
      throw refused('another version was rolled back meanwhile: look at status, and try again')
    return { canary: last.canary, policy, force: true, freeze: freezeAt(policy.freeze, clock.wall()) }
  })
}

/** Begins the return to the version before the last promotion, all at once: it has proved itself before. Rejects with `COMMAND_REFUSED`. */
export async function beginUndo(
  view: QueueView,
  clock: Clock,
): Promise<{ readonly rollout: string; readonly target: string }> {
  const policy = undoPolicy()
  let target = ''
  const rollout = await beginRollout(view, clock, (state) => {
    target = previousOf(state)
    return { canary: target, policy, force: true }
  })
  return { rollout, target }
}

function rolledBack({ rollout }: QueueState): Pick<Rollout, 'canary' | 'policyDigest'> {
  if (rollout?.phase === 'RolledBack') return rollout
  const found = rollout === undefined ? 'there was no rollout yet' : `the last rollout is ${rollout.phase}`
  throw refused(`retry is for a version that was rolled back: ${found}`)
}

function previousOf({ rollout, previous, stable }: QueueState): string {
  if (rollout !== undefined && !isTerminal(rollout.phase)) {
    const advice = abortablePhases.includes(rollout.phase) ? 'use abort, or wait for its end' : 'wait for its end'
    throw refused(`a rollout of ${rollout.canary} is under way (${rollout.phase}): ${advice}`)
  }
  if (previous === undefined)
    throw refused(`nothing was promoted yet, so there is nothing to undo: ${stable} is in charge as before`)
  // Whoever means the version that was just taken back would lose the good one.
  if (rollout?.phase === 'RolledBack' && rollout.canary !== previous)
    throw refused(
      `${rollout.canary} was rolled back, and ${stable} is in charge as before: to go back to ${previous}, use start --version ${previous}`,
    )
  return previous
}

function refused(why: string): QueueCanaryError {
  return new QueueCanaryError('COMMAND_REFUSED', why)
}

function undoPolicy(): Policy {
  const parsed = parsePolicy({ strategy: 'blueGreen', promotion: { workers: 1, duration: '0s' } })
  if (parsed.ok) return parsed.policy
  throw new Error('the policy of undo is not valid')
}
