import type { Clock } from '../../contracts/clock.ts'
import { systemClock } from '../../worker/system-clock.ts'
import type { Worker } from '../../worker/worker.ts'
import { curtain } from '../demo/curtain.ts'
import type { Told } from '../demo/curtain.ts'
import { buildStage } from '../demo/stage.ts'
import type { Stage } from '../demo/stage.ts'
import { demoPace, play } from '../demo/story.ts'
import type { Pace } from '../demo/story.ts'
import { exitCodes } from '../exit-codes.ts'
import { writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { painter } from '../view/text.ts'

/** The whole story in this process: a good version is promoted, a bad one is taken back. Resolves to 0 only if it went as told. */
export async function demoCommand(io: Io, pace: Pace = demoPace): Promise<number> {
  const clock = systemClock()
  const startedAt = clock.now()
  const stage = buildStage({ ...pace, clock })
  try {
    const told = await tell({ stage, io, clock, pace })
    if (io.signal.aborted) return exitCodes.interrupted
    const { lines, asTold } = curtain({ ...told, ledger: stage.ledger, tookMs: clock.now() - startedAt })
    for (const line of lines) writeLine(io.out, line)
    return asTold ? exitCodes.done : exitCodes.unexpected
  } finally {
    await stage.close()
  }
}

interface Telling {
  readonly stage: Stage
  readonly io: Io
  readonly clock: Clock
  readonly pace: Pace
}

const settleMs = 5_000
const retireMs = 3_000

async function tell({ stage, io, clock, pace }: Telling): Promise<Told> {
  const act = { view: stage.view, clock, io, deadlineMs: pace.actDeadlineMs }
  const say = (text: string): void => writeLine(io.out, `\n${painter(io.out.color)('bold', text)}`)
  say(`Two workers of v1 handle ${pace.ratePerSecond} messages a second. v2 is good: it is released step by step.`)
  const old = await stage.hire('v1', 2)
  await stage.hire('v2', 1)
  const promoted = await play({ ...act, canary: 'v2', policy: pace.good })
  const retired = promoted !== undefined && (await haveRetired(old, clock))
  if (promoted?.status.phase !== 'Succeeded') return { promoted, retired, takenBack: undefined, rescued: 0 }
  say('v2 is in charge. v3 fails 5 of 100 messages: it is taken back, and v2 handles what it failed.')
  await stage.hire('v3', 1, 5)
  const takenBack = await play({ ...act, canary: 'v3', policy: pace.bad })
  await stage.settle(settleMs)
  const { stable } = await stage.view.read()
  return { promoted, retired, takenBack, rescued: stable.outcomes.rescued }
}

async function haveRetired(workers: readonly Worker[], clock: Clock): Promise<boolean> {
  const late = new AbortController()
  const tooLate = clock.sleep(retireMs, late.signal).then(() => false)
  const ends = Promise.all(workers.map(({ done }) => done)).then((all) =>
    all.every(({ reason }) => reason === 'retired'),
  )
  const retired = await Promise.race([ends, tooLate])
  late.abort()
  return retired
}
