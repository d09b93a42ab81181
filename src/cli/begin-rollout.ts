import { randomUUID } from 'node:crypto'
import type { Clock } from '../contracts/clock.ts'
import type { Freeze } from '../core/policy/freeze.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { startRollout } from '../core/rollout/start.ts'
import type { StartRequest } from '../core/rollout/start.ts'
import { QueueCanaryError } from '../errors.ts'
import { policyDigest } from '../policy-digest.ts'
import { changeState } from './change-state.ts'
import type { QueueView } from './queue-view.ts'

/** The version to try, and the policy to try it by. */
export interface Attempt {
  readonly canary: string
  readonly policy: Policy
  /** Also a version that was rolled back before. */
  readonly force: boolean
  /** The freeze of the policy that holds now. */
  readonly freeze?: Freeze | undefined
  /** Also in a freeze, and none holds it later. @default false */
  readonly overFreeze?: boolean
  /** Of a rollout of several queues. */
  readonly group?: StartRequest['group']
}

/** Pins the policy, begins a rollout and resolves to its id. Rejects with `COMMAND_REFUSED` where the queue does not allow it now. */
export async function beginRollout(
  { records, place }: QueueView,
  clock: Clock,
  attemptOn: (state: QueueState) => Attempt,
): Promise<string> {
  const id = randomUUID()
  await changeState({
    records,
    place,
    clock,
    change: async (state) => {
      // The answer to an earlier write may have been lost: this id is then there already.
      if (state.rollout?.id === id) return undefined
      const attempt = attemptOn(state)
      const request = requestOf(attempt, clock)
      const started = startRollout(state, { id, ...request })
      if (!started.ok) throw new QueueCanaryError('COMMAND_REFUSED', `queue ${place.queue}: ${started.why}`)
      // After the document was read: where a store has gone back since then, the document is another one, and its write fails.
      await records.writePolicy(request.policyDigest, attempt.policy)
      return started.state
    },
  })
  return id
}

export function requestOf({ policy, ...attempt }: Attempt, clock: Pick<Clock, 'wall'>): Omit<StartRequest, 'id'> {
  return { ...attempt, at: new Date(clock.wall()).toISOString(), policyDigest: policyDigest(policy) }
}
