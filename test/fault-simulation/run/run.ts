import type { Violation } from '../check/invariant.ts'
import { hashOf } from '../scenario/draw.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { Crew } from './crew.ts'
import { Ending } from './ending.ts'
import { Mishaps } from './mishaps.ts'
import { Operator } from './operator.ts'
import type { Again } from './operator.ts'
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
  const { timeline, queues, lead, violations } = world
  const crew = new Crew(world)
  const mishaps = new Mishaps(world, crew)
  const ending = new Ending(world, crew, mishaps)
  let digest = 0
  world.onTell = (kind, line) => {
    digest = hashOf(`${digest} ${timeline.now} ${kind} ${line}`)
    onTell?.(`${(timeline.now / 1_000).toFixed(3)} ${kind} ${line}`)
  }
  arrange(world, mishaps, crew)

  let steps = 0
  const blame = (error: unknown): void => lead.referee.blame('nothing-unhandled', String(error))
  process.on('unhandledRejection', blame)
  while (violations.length === 0 && timeline.step()) {
    mishaps.met(lead.facts.rollout?.phase)
    if (++steps > mostSteps) lead.referee.blame('settles', `still busy after ${steps} steps`)
    if (ending.isOver()) break
  }
  process.off('unhandledRejection', blame)
  for (const { tell, backlog, broker } of violations.length === 0 ? queues : [])
    tell('rest', { at: timeline.now, backlog, unsettled: broker.unsettled })
  return {
    violations,
    digest,
    virtualMs: timeline.now,
    steps,
    phase: lead.facts.rollout?.phase ?? 'no rollout',
    messages: queues.reduce((sum, { published }) => sum + published, 0),
    reached: [...new Set(queues.flatMap(({ rare }) => [...rare.reached]))],
  }
}

function arrange(world: World, mishaps: Mishaps, crew: Crew): void {
  const operator = new Operator(world)
  const { rolloutAtMs, commands, againAfterMs } = world.scenario
  world.timeline.at(0, () => world.queues.forEach((queue) => queue.beginTraffic()))
  mishaps.arrange({ atMs: rolloutAtMs }, () => operator.start(), 0)
  for (const plan of commands) mishaps.arrange(plan.when, () => operator.command(plan), 0)
  if (againAfterMs !== undefined)
    arrangeAgain(againAfterMs, mishaps, (kind) => {
      const { state } = world.lead.facts
      crew.deploy(kind === 'undo' ? (state?.previous ?? 'v1') : (state?.rollout?.canary ?? 'v2'))
      operator.again(kind)
    })
  mishaps.arrangeAll()
}

/** Once, whichever end comes first. */
function arrangeAgain(afterMs: number, mishaps: Mishaps, act: (kind: Again) => void): void {
  let isDone = false
  const once = (kind: Again) => (): void => {
    if (!isDone) act(kind)
    isDone = true
  }
  mishaps.arrange({ phase: 'Succeeded', afterMs }, once('undo'), 0)
  mishaps.arrange({ phase: 'RolledBack', afterMs }, once('retry'), 0)
}
