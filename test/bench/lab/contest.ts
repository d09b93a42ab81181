import type { BenchOptions } from './bench.ts'
import { untilCalm } from './calm.ts'
import { Crew } from './crew.ts'
import { measured } from './measured.ts'
import type { Measured } from './measured.ts'
import type { ConsumerSpec } from './protocol.ts'

/** One row of a comparison: the processes that empty a filled queue together. */
export interface Contestant {
  readonly label: string
  /** Specs of its processes, made anew for each run; their queue is the one given. */
  readonly crew: (queue: string) => readonly ConsumerSpec[]
  /** Done between the crew's start and the opening of the gate. */
  readonly prepare?: (specs: readonly ConsumerSpec[]) => Promise<void>
}

/** Who makes, fills and deletes the queues of a contest. */
export interface Filler<T extends string> {
  /** A new queue, empty; deletes one of the same name. */
  createQueue(queue: string, type: T): Promise<void>
  fill(queue: string, messages: number): Promise<void>
  deleteQueue(queue: string): Promise<void>
}

/** What a contest needs of its lab. */
export interface Arena<T extends string> {
  readonly traffic: Filler<T>
  readonly options: BenchOptions
  readonly say: (line: string) => void
}

export interface Contest<T extends string> {
  readonly type: T
  readonly messages: number
  readonly contestants: readonly Contestant[]
}

/** Every contestant once a round, round by round, so that a slow moment of the machine falls on all alike. One list of runs a contestant. */
export async function holdContest<T extends string>(
  lab: Arena<T>,
  contest: Contest<T>,
): Promise<readonly (readonly Measured[])[]> {
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

async function emptyQueue<T extends string>(
  lab: Arena<T>,
  { type, messages }: Contest<T>,
  { crew, prepare }: Contestant,
): Promise<Measured> {
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
