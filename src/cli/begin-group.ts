import { randomUUID } from 'node:crypto'
import type { Clock } from '../contracts/clock.ts'
import { startRollout } from '../core/rollout/start.ts'
import { isQueueCanaryError, QueueCanaryError } from '../errors.ts'
import { beginRollout, requestOf } from './begin-rollout.ts'
import type { Attempt } from './begin-rollout.ts'
import { changeState } from './change-state.ts'
import { listed } from './listed.ts'
import { readQueue } from './queue-view.ts'
import type { QueueView } from './queue-view.ts'
import type { Begun } from './watch-rollout.ts'

/**
 * Begins one rollout on several queues. Rejects with `COMMAND_REFUSED`, and every reason, where one of them does not allow it: then none begins.
 * Documents are written one by one, that of the first queue last: it decides the commit, and nothing moves before it is there. Where one cannot
 * be written any more, those that were are taken back, here and, should this process die, by their coordinators.
 */
export async function beginGroup(
  views: readonly QueueView[],
  clock: Clock,
  attempt: Omit<Attempt, 'group'>,
): Promise<readonly Begun[]> {
  const id = randomUUID()
  const queues = views.map(({ place }) => place.queue)
  await refuseTogether(views, clock, attempt)
  const begun: Begun[] = []
  try {
    for (const view of views.toReversed()) {
      const group = { id, queues, queue: view.place.queue }
      begun.unshift({ view, rollout: await beginRollout(view, clock, () => ({ ...attempt, group })) })
    }
  } catch (error) {
    for (const started of begun) await takeBack(started, clock)
    throw error
  }
  return begun
}

async function refuseTogether(views: readonly QueueView[], clock: Clock, attempt: Attempt): Promise<void> {
  const states = await Promise.all(views.map(({ records, place }) => readQueue(records, place)))
  const reasons = states.flatMap((state, index) => {
    const started = startRollout(state, { id: 'on paper', ...requestOf(attempt, clock) })
    return started.ok ? [] : [`queue ${views[index]?.place.queue}: ${started.why}`]
  })
  if (reasons.length > 0) throw new QueueCanaryError('COMMAND_REFUSED', listed('no queue was started', reasons))
}

/** Where this fails too, the coordinators find that a part of the group is missing. */
async function takeBack({ view: { records, place }, rollout }: Begun, clock: Clock): Promise<void> {
  const reason = 'another queue of the group could not be started'
  const abort = { id: randomUUID(), rollout, kind: 'abort', full: false, reason } as const
  try {
    await changeState({
      records,
      place,
      clock,
      change: async (state) =>
        state.commands.some(({ id }) => id === abort.id)
          ? undefined
          : { ...state, commands: [...state.commands, abort] },
    })
  } catch (error) {
    if (!isQueueCanaryError(error)) throw error
  }
}
