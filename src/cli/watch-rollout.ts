import type { Clock } from '../contracts/clock.ts'
import { spellDuration } from '../core/policy/duration.ts'
import { QueueCanaryError } from '../errors.ts'
import type { QueueStatus } from '../status/queue-status.ts'
import type { Waiting } from './command.ts'
import { openDisplay } from './display.ts'
import { exitCodeOfPhase, exitCodes } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { follow, stillnessWatch } from './follow.ts'
import { writeLine } from './io.ts'
import type { Io } from './io.ts'
import { writeJobSummary } from './job-summary.ts'
import type { QueueView } from './queue-view.ts'

/** The rollout of one queue, by its id. */
export interface Begun {
  readonly view: QueueView
  readonly rollout: string
}

export interface Watch extends Waiting {
  readonly io: Io
  readonly clock: Clock
  /** One, or all queues that go as one. */
  readonly begun: readonly Begun[]
  readonly json: boolean
}

/** Follows a rollout to its end on all its queues and resolves to the exit code that tells it. Rejects with `TIMED_OUT` when the time is up. */
export async function watchRollout(watch: Watch): Promise<number> {
  const { io, clock, begun, json, timeoutMs } = watch
  const display = openDisplay(io, json)
  const looks = begun.map(() => stillnessWatch(clock, (text) => display.note(text)))
  let last: readonly QueueStatus[] = []
  try {
    const followed = await follow({
      read: () => Promise.all(begun.map(({ view }) => view.read())),
      onValue: (statuses) => {
        last = statuses
        display.show(statuses)
        for (const [index, status] of statuses.entries()) looks[index]?.(status)
      },
      onTrouble: (text) => display.note(text),
      isOver: (statuses) => endOf(watch, statuses) !== undefined,
      clock,
      everyMs: display.everyMs,
      timeoutMs,
      signal: io.signal,
    })
    if (followed.kind === 'over') return outcome(watch, followed.value)
    if (followed.kind === 'interrupted') return interrupted(watch)
  } finally {
    display.close()
    for (const status of last) await writeJobSummary(status, io)
  }
  const again = `queue-canary status --queue ${begun[0]?.view.place.queue} --watch`
  throw new QueueCanaryError(
    'TIMED_OUT',
    `${named(begun)} goes on after ${spellDuration(timeoutMs ?? 0)} of waiting; see ${again}`,
  )
}

/** `rollout 1234`, or all of them. */
export function named(begun: readonly Begun[]): string {
  return `rollout ${begun.map(({ rollout }) => rollout).join(', ')}`
}

const worstFirst = [exitCodes.unexpected, exitCodes.rolledBack, exitCodes.held, exitCodes.done] as const

/** undefined while it goes on: until all queues are at their end, or one of them at what ends the watching. */
function endOf({ begun, exitOnPause }: Watch, statuses: readonly QueueStatus[]): ExitCode | undefined {
  const ends = statuses.map((status, index) =>
    status.rollout === begun[index]?.rollout ? exitCodeOfPhase(status.phase, exitOnPause) : exitCodes.unexpected,
  )
  const isOver = ends.every((end) => end !== undefined) || ends.some((end) => end === exitCodes.held)
  return isOver ? worstFirst.find((code) => ends.includes(code)) : undefined
}

function interrupted({ io, begun }: Watch): number {
  const queue = begun[0]?.view.place.queue
  writeLine(io.err, `stopped watching; ${named(begun)} goes on. To take it back: queue-canary abort --queue ${queue}`)
  return exitCodes.interrupted
}

function outcome(watch: Watch, statuses: readonly QueueStatus[]): number {
  const { io, begun } = watch
  for (const [index, status] of statuses.entries()) {
    const rollout = begun[index]?.rollout
    if (status.rollout === rollout) continue
    const other =
      status.rollout === null ? 'it is not in the store any more' : `rollout ${status.rollout} has taken its place`
    writeLine(io.err, `rollout ${rollout} of queue ${status.queue} cannot be followed: ${other}`)
  }
  return endOf(watch, statuses) ?? exitCodes.unexpected
}
