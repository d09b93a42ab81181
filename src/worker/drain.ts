import type { Clock } from '../contracts/clock.ts'
import type { DrainReport } from '../core/rollout/consumer-report.ts'
import { within } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import type { IntakeSwitch } from './intake-switch.ts'
import type { Processor } from './processor.ts'

export interface DrainOptions {
  readonly intake: IntakeSwitch
  readonly processor: Processor
  readonly clock: Clock
  /** May be moved forward meanwhile: at zero everything is returned at once. */
  readonly deadline: Deadline
}

/** The part of the time that handlers have to react to their signal, and that returning what is left may take. */
const graceShare = 0.1
const longestGraceMs = 1_000
/** Closing gets this long even when the time is over: only then does the broker know that the messages are free. */
const closeMs = 2_000
/** What goes back waits for so long until nothing comes any more: it would come here again. */
const stopMs = 1_000
/** How often what waits for a slot or a retry is looked at, once nothing runs. */
const pollMs = 10

/**
 * Stop intake, return what was not begun, let begun work end, abort what has not ended in time, return what is left, close. Ends within its
 * time (and a moment for closing), whether or not the broker answers.
 */
export async function drain(options: DrainOptions): Promise<DrainReport> {
  const { intake, processor, clock, deadline } = options
  const startedAt = clock.now()
  const before = { ended: processor.ended, returned: processor.tally.counts.returned }
  const graceMs = Math.min(longestGraceMs, deadline.remainingMs * graceShare)
  if (deadline.isOver) processor.settler.hurry()
  const stopped = intake.stop()
  await deadline.outlasts(stopped, Math.max(2 * graceMs, deadline.remainingMs - stopMs))
  processor.drain()
  await deadline.outlasts(stopped, 2 * graceMs)
  let quiet = await becomesQuiet(options, 2 * graceMs)
  if (!quiet) {
    for (const work of processor.inFlight.running) work.abort()
    quiet = await becomesQuiet(options, graceMs)
  }
  if (!quiet) returnUnstarted({ intake, processor })
  const returned = processor.tally.counts.returned - before.returned
  const abandoned = quiet ? 0 : await giveUp({ processor, deadline })
  await within(clock, closeMs, intake.close())
  return {
    finished: processor.ended - before.ended,
    returned,
    abandoned,
    durationMs: clock.now() - startedAt,
    onTime: quiet,
  }
}

async function becomesQuiet({ intake, processor, clock, deadline }: DrainOptions, keepMs: number): Promise<boolean> {
  const isQuiet = () => processor.inFlight.held + processor.waitingRetries + intake.waiting === 0
  while (!isQuiet()) {
    const next = processor.inFlight.held > 0 ? processor.inFlight.idle() : clock.sleep(pollMs)
    if (!(await deadline.outlasts(next, keepMs))) return isQuiet()
  }
  return true
}

function returnUnstarted({ intake, processor }: Pick<DrainOptions, 'intake' | 'processor'>): void {
  processor.settler.hurry()
  processor.endRetries()
  intake.returnUnstarted({ all: true })
}

async function giveUp({ processor, deadline }: Pick<DrainOptions, 'processor' | 'deadline'>): Promise<number> {
  const { inFlight } = processor
  const left = [...inFlight.running]
  const atOnce = deadline.isOver
  for (const work of left) processor.abandon(work, atOnce)
  await deadline.outlasts(inFlight.idle())
  return left.length + [...inFlight.settling].filter((work) => !left.includes(work)).length
}
