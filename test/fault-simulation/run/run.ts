import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import { handBackName, queueName } from '../broker/rabbit-server.ts'
import type { Violation } from '../check/invariant.ts'
import { hashOf } from '../scenario/draw.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { Crew } from './crew.ts'
import { Mishaps } from './mishaps.ts'
import { Operator } from './operator.ts'
import { World } from './world.ts'

export interface RunResult {
  readonly violations: readonly Violation[]
  /** Equal for runs in which the same happened at the same moments. */
  readonly digest: number
  readonly virtualMs: number
  readonly steps: number
  readonly phase: string | undefined
  readonly messages: number
  readonly reached: readonly string[]
}

/** After the rollout has ended, and after the last fault: time in which what has ended must stay so. */
const afterwardsMs = 4_000
/** Beyond the rollout's own deadlines, from the moment when nothing is wrong any more. */
const recoveryMs = 30_000
const emptyingMs = 40_000

/** One scenario from its beginning to its end, or to its first violation. Must not be called from within a microtask. */
export function run(scenario: Scenario, onTell?: (line: string) => void): RunResult {
  const world = new World(scenario)
  const crew = new Crew(world)
  const mishaps = new Mishaps(world, crew)
  const operator = new Operator(world)
  const { timeline, facts, referee, broker, policy } = world
  let digest = 0
  world.onTell = (kind, line) => {
    digest = hashOf(`${digest} ${timeline.now} ${kind} ${line}`)
    onTell?.(`${(timeline.now / 1_000).toFixed(3)} ${kind} ${line}`)
  }

  for (const plan of scenario.workers) timeline.at(plan.startsAtMs, () => crew.start(plan))
  timeline.at(0, () => world.beginTraffic())
  mishaps.arrange({ atMs: scenario.rolloutAtMs }, () => operator.start(), 0)
  for (const plan of scenario.commands) mishaps.arrange(plan.when, () => operator.command(plan), 0)
  mishaps.arrangeAll()

  let steps = 0
  let endedAt: number | undefined
  let emptyBy: number | undefined
  const isEmpty = (): boolean => broker.depth(queueName) + broker.depth(handBackName) + broker.unsettled === 0
  const listener = (error: unknown): void => referee.blame('nothing-unhandled', String(error))
  process.on('unhandledRejection', listener)
  while (referee.violations.length === 0 && timeline.step()) {
    steps++
    const { now } = timeline
    const phase = facts.rollout?.phase
    mishaps.met(phase)
    if (emptyBy !== undefined) {
      if (isEmpty() || now >= emptyBy) break
      continue
    }
    const isOver = phase === undefined ? now > scenario.rolloutAtMs + recoveryMs : isTerminal(phase)
    if (isOver) endedAt ??= now
    else endedAt = undefined
    const calmAt = Math.max(mishaps.calmAt, scenario.rolloutAtMs)
    const isHopeless = now > calmAt + policy.progressDeadlineMs + policy.drain.timeoutMs + recoveryMs
    if (isHopeless || (endedAt !== undefined && now >= Math.max(endedAt, calmAt) + afterwardsMs)) {
      world.endTraffic()
      emptyBy = now + emptyingMs
    }
  }
  process.off('unhandledRejection', listener)
  if (referee.violations.length === 0) {
    const backlog = broker.depth(queueName) + broker.depth(handBackName)
    world.tell('rest', { at: timeline.now, backlog, unsettled: broker.unsettled })
  }
  return {
    violations: referee.violations,
    digest,
    virtualMs: timeline.now,
    steps,
    phase: facts.rollout?.phase,
    messages: world.published,
    reached: [...world.rare.reached],
  }
}
