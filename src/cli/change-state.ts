import type { Clock } from '../contracts/clock.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { QueueCanaryError } from '../errors.ts'
import type { QueueRecords } from '../records/queue-records.ts'
import { unknownQueue } from './queue-view.ts'
import type { QueuePlace } from './queue-view.ts'

export interface StateChange {
  readonly records: QueueRecords
  readonly place: QueuePlace
  readonly clock: Clock
  /** What the document becomes; undefined leaves it as it is. Called again with the newer document when somebody else was faster. */
  readonly change: (state: QueueState) => Promise<QueueState | undefined>
}

const deadlineMs = 10_000

/** Changes a queue's document by compare-and-set. Rejects with what `change` throws, `NOT_FOUND`, or `TIMED_OUT` when others are always faster. */
export async function changeState({ records, place, clock, change }: StateChange): Promise<QueueState> {
  const end = clock.now() + deadlineMs
  while (clock.now() < end) {
    const found = await records.readState()
    if (found === undefined) throw unknownQueue(place)
    const next = await change(found.state)
    if (next === undefined) return found.state
    if ((await records.writeState(next, found.revision)) !== undefined) return next
    await clock.sleep(10 + Math.random() * 40)
  }
  throw new QueueCanaryError(
    'TIMED_OUT',
    `the document of queue ${place.queue} was changed by others at each try for ${deadlineMs / 1_000} s: try again`,
  )
}
