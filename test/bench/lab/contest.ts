import type { Lab } from './bench.ts'
import { untilCalm } from './calm.ts'
import { Crew } from './crew.ts'
import { measured } from './measured.ts'
import type { Measured } from './measured.ts'
import type { ConsumerSpec } from './protocol.ts'
import type { QueueType } from './traffic.ts'

/** One row of a comparison: the processes that empty a filled queue together. */
export interface Contestant {
  readonly label: string
  /** Specs of its processes, made anew for each run; their queue is the one given. */
  readonly crew: (queue: string) => readonly ConsumerSpec[]
  /** Done between the crew's start and the opening of the gate. */
  readonly prepare?: (specs: readonly ConsumerSpec[]) => Promise<void>
}

export interface Contest {
  readonly type: QueueType
  readonly messages: number
  readonly contestants: readonly Contestant[]
}

/** Every contestant once a round, round by round, so that a slow moment of the machine falls on all alike. One list of runs a contestant. */
export async function holdContest(lab: Lab, contest: Contest): Promise<readonly (readonly Measured[])[]> {
  const rounds: Measured[][] = contest.contestants.map(() => [])
  for (let round = 1; round <= lab.options.rounds; round++) {
    for (const [index, contestant] of contest.contestants.entries()) {
      const run = await emptyQueue(lab, contest, contestant)
      rounds[index]?.push(run)
      const figures = `${Math.round(run.perSecond)} msgs/s, ${run.cpuMicros.toFixed(1)} us`
      lab.say(`${contest.type} round ${round}: ${contestant.label}: ${figures}`)
    }
  }
  return rounds
}

async function emptyQueue(lab: Lab, { type, messages }: Contest, { crew, prepare }: Contestant): Promise<Measured> {
  const queue = `bench-${type}`
  await lab.traffic.createQueue(queue, type)
  await lab.traffic.fill(queue, messages)
  const specs = crew(queue)
  const running = await Crew.start(specs, lab.options.profileDir)
  try {
    await prepare?.(specs)
    if (lab.options.calm) await untilCalm()
    running.open()
    await running.untilHandled(messages)
    return measured(await running.finish())
  } finally {
    await running.dismiss()
    await lab.traffic.deleteQueue(queue)
  }
}
