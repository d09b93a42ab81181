import type { Clock } from '../contracts/clock.ts'
import { QueueCanaryError } from '../errors.ts'
import type { QueueStatus } from '../status/queue-status.ts'
import type { Waiting } from './command.ts'
import { openDisplay } from './display.ts'
import { exitCodeOfPhase, exitCodes } from './exit-codes.ts'
import { follow, stillnessWatch } from './follow.ts'
import { writeLine } from './io.ts'
import type { Io } from './io.ts'
import { writeJobSummary } from './job-summary.ts'
import type { QueueView } from './queue-view.ts'

export interface Watch extends Waiting {
  readonly io: Io
  readonly clock: Clock
  readonly view: QueueView
  readonly rollout: string
  readonly json: boolean
}

/** Follows one rollout to its end and resolves to the exit code that tells it. Rejects with `TIMED_OUT` when the time is up. */
export async function watchRollout(watch: Watch): Promise<number> {
  const { io, clock, view, rollout, json, exitOnPause, timeoutMs } = watch
  const display = openDisplay(io, json)
  const look = stillnessWatch(clock, (text) => display.note(text))
  const end = (status: QueueStatus) =>
    status.rollout === rollout ? exitCodeOfPhase(status.phase, exitOnPause) : exitCodes.unexpected
  try {
    const followed = await follow({
      read: () => view.read(),
      onValue: (status) => {
        display.show([status])
        look(status)
      },
      isOver: (status) => end(status) !== undefined,
      clock,
      everyMs: display.everyMs,
      timeoutMs,
      signal: io.signal,
    })
    if (followed.kind === 'over') {
      await writeJobSummary(followed.value, io)
      return outcome(watch, followed.value, end(followed.value) ?? exitCodes.unexpected)
    }
    if (followed.kind === 'interrupted') return interrupted(watch)
  } finally {
    display.close()
  }
  const again = `queue-canary status --queue ${view.place.queue} --watch`
  throw new QueueCanaryError('TIMED_OUT', `rollout ${rollout} goes on after ${timeoutMs} ms of waiting; see ${again}`)
}

function interrupted({ io, view, rollout }: Watch): number {
  const { queue } = view.place
  writeLine(
    io.err,
    `stopped watching; rollout ${rollout} goes on. To take it back: queue-canary abort --queue ${queue}`,
  )
  return exitCodes.interrupted
}

function outcome({ io, rollout, view }: Watch, status: QueueStatus, code: number): number {
  if (status.rollout !== rollout) {
    const other =
      status.rollout === null ? 'it is not in the store any more' : `rollout ${status.rollout} has taken its place`
    writeLine(io.err, `rollout ${rollout} of queue ${view.place.queue} cannot be followed: ${other}`)
  }
  return code
}
