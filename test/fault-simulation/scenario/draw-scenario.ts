import type { BatchSettings } from '../../../src/contracts/handler.ts'
import { profileNames } from '../broker/profiles.ts'
import type { Contract } from './contract.ts'
import { draw, streamOf } from './draw.ts'
import type { Draw } from './draw.ts'
import { drawCommands, drawFaults, loseOne } from './draw-faults.ts'
import { drawPolicy } from './draw-policy.ts'
import { fewestSlots, meanHandlerMs } from './scenario.ts'
import type { ExternalAnswer, Fault, Quality, Scenario, When, WorkerPlan } from './scenario.ts'

/** The scenario of a seed: a fleet, a policy, a canary that is good or bad, and some of the faults, never all of them. */
export function drawScenario(seed: number): Scenario {
  const dice = draw(streamOf(seed, 'scenario'))
  const isCalm = dice.chance(0.12)
  const quality = isCalm ? good : drawQuality(dice)
  const workers = drawWorkers(dice)
  const storeMs = dice.pick([5, 40, 100])
  const batch = drawBatch(seed)
  const contract = drawContract(seed)
  const isGroup = draw(streamOf(seed, 'group')).chance(0.15)
  const past = drawPast(seed, workers, isCalm)
  return {
    seed,
    profile: dice.pick(profileNames),
    handsBack: dice.chance(0.8),
    // As all of our adapters do: what nobody accepts would fill the workers otherwise.
    keepsRetries: contract !== undefined || draw(streamOf(seed, 'retries')).chance(0.4),
    network: { leastMs: 0.1, mostMs: dice.pick([1, 5, 30]) },
    store: { least: 1, most: storeMs },
    workers,
    isGroup,
    policy: drawPolicy(dice, {
      external: quality.external,
      isGroup,
      isBudgeted: draw(streamOf(seed, 'ramp')).chance(0.1),
      asksProof: isCalm && draw(streamOf(seed, 'proof')).chance(0.4),
    }),
    messagesPerSecond: Math.min(dice.pick([5, 15, 30, 30]), bearable(workers, quality, batch)),
    quality,
    batch,
    contract,
    rolloutAtMs: past.lastsMs + Math.floor(dice.between(0, 1_500)),
    commands: isCalm ? [] : drawCommands(dice),
    againAfterMs: isGroup || workers.some(({ isSolo }) => isSolo) ? undefined : drawAgain(seed),
    faults: [...past.faults, ...loseOne(draw(streamOf(seed, 'lost')), drawFaults(dice, workers, isCalm), workers)],
    restartsRetired: dice.chance(0.4),
  }
}

/** Messages a second that either version can take by itself, with one of its workers away. */
function bearable(workers: readonly WorkerPlan[], quality: Quality, { lingerMs } = { lingerMs: 0 }): number {
  const meanMs = meanHandlerMs(quality) + lingerMs
  return Math.max(2, Math.floor((0.5 * fewestSlots(workers) * 1_000) / meanMs))
}

/** In some runs nothing happens that could speak against the canary: it has to be promoted. */
const good: Quality = {
  handlerMs: { least: 2, most: 40 },
  stableFailures: 0,
  canaryFailures: 0,
  canarySlowness: 1,
  poison: 0,
  canaryStuck: 0,
  external: undefined,
}

function drawContract(seed: number): Contract | undefined {
  const dice = draw(streamOf(seed, 'contract'))
  if (!dice.chance(0.12)) return undefined
  return dice.pick<Contract>([
    { stable: '<2', canary: '*' },
    { stable: '<2', canary: '*' },
    { stable: '*', canary: '>=2' },
    { stable: '<2', canary: '>=2' },
  ])
}

function drawBatch(seed: number): BatchSettings | undefined {
  const dice = draw(streamOf(seed, 'batch'))
  return dice.chance(0.12) ? { size: dice.whole(1, 6), lingerMs: dice.pick([0, 50, 400]) } : undefined
}

function drawAgain(seed: number): number | undefined {
  const dice = draw(streamOf(seed, 'again'))
  return dice.chance(0.2) ? dice.whole(0, 5_000) : undefined
}

/**
 * In some runs a worker was restarted before, so long ago that its report is swept about when the rollout starts; and in some of these the one that
 * has swept it does not lead to the end.
 */
function drawPast(seed: number, workers: readonly WorkerPlan[], isCalm: boolean): Past {
  const dice = draw(streamOf(seed, 'past'))
  if (isCalm || !dice.chance(0.1)) return { lastsMs: 2_000, faults: [] }
  const restart: Fault = {
    when: { atMs: dice.whole(1_000, 4_000) },
    kind: 'terminate',
    who: dice.pick(workers).name,
    againAfterMs: undefined,
    restartAfterMs: 500,
  }
  const when: When = { phase: 'Progressing', afterMs: dice.whole(0, 2_000) }
  const crash: Fault = { when, kind: 'crash', who: 'leader', restartAfterMs: 10_000 }
  return { lastsMs: dice.whole(10_000, 20_000), faults: dice.chance(0.6) ? [restart, crash] : [restart] }
}

/** What happens before the rollout, and what follows from it. */
interface Past {
  readonly lastsMs: number
  readonly faults: readonly Fault[]
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
