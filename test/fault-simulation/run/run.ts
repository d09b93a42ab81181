import type { Violation } from '../check/invariant.ts'
import { hashOf } from '../scenario/draw.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { Crew } from './crew.ts'
import { Ending } from './ending.ts'
import { Mishaps } from './mishaps.ts'
import { Operator } from './operator.ts'
import { World } from './world.ts'

export interface RunResult {
  readonly violations: readonly Violation[]
  /** Equal for runs in which the same happened at the same moments. */
  readonly digest: number
  readonly virtualMs: number
  readonly steps: number
  readonly phase: string
  readonly messages: number
  readonly reached: readonly string[]
}

/** No run needs more; one that does goes round in circles. */
const mostSteps = 500_000

/** One scenario from its beginning to its end, or to its first violation. Must not be called from within a microtask. */
export function run(scenario: Scenario, onTell?: (line: string) => void): RunResult {
  const world = new World(scenario)
  const { timeline, facts, referee, broker } = world
  const crew = new Crew(world)
  const mishaps = new Mishaps(world, crew)
  const ending = new Ending(world, crew, mishaps)
  let digest = 0
  world.onTell = (kind, line) => {
    digest = hashOf(`${digest} ${timeline.now} ${kind} ${line}`)
    onTell?.(`${(timeline.now / 1_000).toFixed(3)} ${kind} ${line}`)
  }
  arrange(world, mishaps)

  let steps = 0
  const blame = (error: unknown): void => referee.blame('nothing-unhandled', String(error))
  process.on('unhandledRejection', blame)
  while (referee.violations.length === 0 && timeline.step()) {
    mishaps.met(facts.rollout?.phase)
    if (++steps > mostSteps) referee.blame('settles', `still busy after ${steps} steps`)
    if (ending.isOver()) break
  }
  process.off('unhandledRejection', blame)
  if (referee.violations.length === 0)
    world.tell('rest', { at: timeline.now, backlog: ending.backlog, unsettled: broker.unsettled })
  return {
    violations: referee.violations,
    digest,
    virtualMs: timeline.now,
    steps,
    phase: facts.rollout?.phase ?? 'no rollout',
    messages: world.published,
    reached: [...world.rare.reached],
  }
}

function arrange(world: World, mishaps: Mishaps): void {
  const operator = new Operator(world)
  const { rolloutAtMs, commands } = world.scenario
  world.timeline.at(0, () => world.beginTraffic())
  mishaps.arrange({ atMs: rolloutAtMs }, () => operator.start(), 0)
  for (const plan of commands) mishaps.arrange(plan.when, () => operator.command(plan), 0)
  mishaps.arrangeAll()
}
