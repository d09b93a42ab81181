import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import { describeThrown } from '../worker/describe-thrown.ts'
import type { CrewMember } from './assemble-workers.ts'
import type { Io } from './io.ts'

/** Time that messages in flight have when the process cannot be trusted any more. */
const crashDrainMs = 5_000

interface Surroundings {
  readonly log: Logger
  readonly clock: Clock
}

/**
 * Runs the workers of a process until all have ended. The first signal drains, the second stops. Where one worker fails, or an error is
 * caught by nobody, the others drain too: the process is then `broken` and should be started anew.
 */
export async function runCrew(
  crew: readonly CrewMember[],
  io: Pick<Io, 'signal' | 'hurry' | 'onCrash'>,
  { log, clock }: Surroundings,
): Promise<{ readonly broken: boolean }> {
  let broken = false
  const drainAll = (): void => crew.forEach(({ worker }) => void worker.drain())
  const stopAll = (): void => crew.forEach(({ worker }) => void worker.stop())
  io.onCrash((error) => {
    log.error(traceOf(error), 'an error was caught by nobody: the process drains and ends')
    if (broken) return
    broken = true
    drainAll()
    void clock.sleep(crashDrainMs).then(stopAll)
  })
  whenAborted(io.signal, () => {
    log.info({}, 'draining; a second signal returns everything at once')
    drainAll()
  })
  whenAborted(io.hurry, stopAll)
  await Promise.all(
    crew.map(async ({ queue, worker }) => {
      await worker.start()
      const { reason, drains, errors } = await worker.done
      log.info({ queue, reason, drains, errors: errors.map(describeThrown) }, `queue ${queue}: ${reason}`)
      if (reason !== 'failed') return
      broken = true
      drainAll()
    }),
  )
  return { broken }
}

/** At once where it has aborted already. */
export function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
}

/** What was thrown may quote a message, so only its kind and where it came from are logged. */
function traceOf(error: unknown): object {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
  return { error: describeThrown(error), stack: frames.map((line) => line.trim()) }
}
