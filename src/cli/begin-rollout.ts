import { randomUUID } from 'node:crypto'
import type { Clock } from '../contracts/clock.ts'
import type { Freeze } from '../core/policy/freeze.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { startRollout } from '../core/rollout/start.ts'
import type { StartRequest } from '../core/rollout/start.ts'
import { QueueCanaryError } from '../errors.ts'
import { changeState } from './change-state.ts'
import type { QueueView } from './queue-view.ts'

/** The version to try, and the pinned policy to try it by. */
export interface Attempt {
  readonly canary: string
  readonly policyDigest: string
  /** Also a version that was rolled back before. */
  readonly force: boolean
  /** The freeze of the policy that holds now. */
  readonly freeze?: Freeze | undefined
  /** Also in a freeze, and none holds it later. @default false */
  readonly overFreeze?: boolean
  /** Of a rollout of several queues. */
  readonly group?: StartRequest['group']
}

/** Begins a rollout and resolves to its id. Rejects with `COMMAND_REFUSED` where the queue does not allow it now. */
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
      const at = new Date(clock.wall()).toISOString()
      const started = startRollout(state, { id, at, ...attemptOn(state) })
      if (started.ok) return started.state
      throw new QueueCanaryError('COMMAND_REFUSED', `queue ${place.queue}: ${started.why}`)
    },
  })
  return id
}
