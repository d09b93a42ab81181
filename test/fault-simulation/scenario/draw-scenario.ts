import { profileNames } from '../broker/profiles.ts'
import { draw, streamOf } from './draw.ts'
import type { Draw } from './draw.ts'
import { drawCommands, drawFaults } from './draw-faults.ts'
import { drawPolicy } from './draw-policy.ts'
import type { ExternalAnswer, Quality, Scenario, WorkerPlan } from './scenario.ts'

/** The scenario of a seed: a fleet, a policy, a canary that is good or bad, and some of the faults, never all of them. */
export function drawScenario(seed: number): Scenario {
  const dice = draw(streamOf(seed, 'scenario'))
  const quality = drawQuality(dice)
  const workers = drawWorkers(dice)
  const storeMs = dice.pick([2, 10, 40])
  return {
    seed,
    profile: dice.pick(profileNames),
    network: { leastMs: 0.1, mostMs: dice.pick([1, 5, 30]) },
    store: { least: 1, most: storeMs },
    workers,
    policy: drawPolicy(dice, quality.external),
    messagesPerSecond: dice.pick([5, 15, 30, 30]),
    quality,
    rolloutAtMs: 2_000 + Math.floor(dice.between(0, 1_500)),
    commands: drawCommands(dice),
    faults: drawFaults(
      dice,
      workers.map(({ name }) => name),
    ),
    restartsRetired: dice.chance(0.4),
  }
}

function drawWorkers(dice: Draw): readonly WorkerPlan[] {
  const plan = (name: string, version: string, startsAtMs: number): WorkerPlan => ({
    name,
    version,
    isSolo: false,
    startsAtMs,
    concurrency: dice.whole(1, 4),
    clockRate: dice.pick([1, 1, 1, 0.98, 1.02]),
    wallOffsetMs: dice.pick([0, 0, 3_600_000, -3_600_000]),
  })
  if (dice.chance(0.1)) return [{ ...plan('solo', 'v1', 0), isSolo: true }]
  const stable = Array.from({ length: dice.whole(1, 3) }, (_, index) => plan(`stable-${index}`, 'v1', index * 20))
  const canary = Array.from({ length: dice.whole(1, 2) }, (_, index) =>
    plan(`canary-${index}`, 'v2', 1_000 + Math.floor(dice.between(0, 1_500))),
  )
  const third = dice.chance(0.1) ? [plan('other-0', 'v3', 1_500)] : []
  return [...stable, ...canary, ...third]
}

function drawQuality(dice: Draw): Quality {
  const isBad = dice.chance(0.3)
  const stableFailures = dice.pick([0, 0, 0, 0.02])
  return {
    handlerMs: { least: 2, most: dice.pick([10, 40, 150]) },
    stableFailures,
    canaryFailures: isBad ? dice.pick([0.3, 0.6, 1]) : stableFailures,
    canarySlowness: dice.pick([1, 1, 1, 3]),
    poison: dice.pick([0, 0, 0, 0.01]),
    canaryStuck: dice.pick([0, 0, 0, 0, 0.02, 0.3]),
    external: drawExternal(dice),
  }
}

function drawExternal(dice: Draw): ExternalAnswer | undefined {
  if (dice.chance(0.75)) return undefined
  return dice.pick<ExternalAnswer>(['good', 'good', 'good', 'bad', 'nan', 'noData', 'error', 'never'])
}
