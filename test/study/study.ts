import type { Row } from '../bench/judge/check.ts'
import type { Server } from '../integration/support/server.ts'
import { openStage, ownerOf, rabbitmqScene } from '../integration/support/stage.ts'
import type { Experiment } from './experiment.ts'
import type { Observed } from './release.ts'

export interface StudyOptions {
  readonly experiments: readonly Experiment[]
  /** Rollouts of an experiment. */
  readonly runs: (experiment: Experiment) => number
  /** Rollouts at a time. */
  readonly parallel: number
  readonly seed: number
  readonly say: (line: string) => void
}

/** Runs rollouts, each on a queue and a store of its own, and tells what they show. */
export async function study(server: Server, options: StudyOptions): Promise<readonly Row[]> {
  const seen = new Map<Experiment, Observed[]>(options.experiments.map((experiment) => [experiment, []]))
  const due = options.experiments.flatMap((experiment) =>
    Array.from({ length: options.runs(experiment) }, (_, run) => ({ experiment, run })),
  )
  const all = due.length
  const lane = async (): Promise<void> => {
    for (let next = due.shift(); next !== undefined; next = due.shift()) {
      const { experiment, run } = next
      const observed = await alone(server, experiment, `${options.seed}-${run}`)
      seen.get(experiment)?.push(observed)
      const { phase, harmed } = observed.last
      const name = `${experiment.name} ${run + 1}`
      options.say(`${all - due.length} of ${all}: ${name}: ${phase}, harmed ${harmed}, ${reasonOf(observed)}`)
    }
  }
  await Promise.all(Array.from({ length: options.parallel }, lane))
  return [...seen].flatMap(([experiment, observed]) => experiment.rows(observed, options.seed))
}

async function alone(server: Server, experiment: Experiment, run: string): Promise<Observed> {
  await using open = new AsyncDisposableStack()
  const stage = await openStage(
    rabbitmqScene(async () => server),
    { type: 'classic' },
    ownerOf(open),
  )
  return await experiment.observe(stage, run)
}

function reasonOf({ last, lost, dead }: Observed): string {
  const bad = lost + dead > 0 ? `LOST ${lost}, DEAD ${dead}; ` : ''
  return `${bad}${last.why}`
}
