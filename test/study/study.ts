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
      const { phase, harmed, canary } = observed.last
      const name = `${experiment.name} ${run + 1}`
      const numbers = `taken ${canary?.outcomes.taken ?? 0}, harmed ${harmed}`
      options.say(`${all - due.length} of ${all}: ${name}: ${phase}, ${numbers}, ${reasonOf(observed)}`)
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

function reasonOf({ last, lost, dead, statuses }: Observed): string {
  const bad = lost + dead > 0 ? `LOST ${lost}, DEAD ${dead}; ` : ''
  return `${bad}${last.why}; most of the time: ${commonest(statuses.map(({ why }) => why ?? ''))}`
}

/** The newest of the reasons that are alike but for their numbers. */
function commonest(reasons: readonly string[]): string {
  const alike = Map.groupBy(reasons, (why) => why.replaceAll(/[\d.]+/g, '#'))
  const [most = []] = [...alike.values()].toSorted((a, b) => b.length - a.length)
  return `"${most.at(-1) ?? ''}" (${most.length} of ${reasons.length})`
}
