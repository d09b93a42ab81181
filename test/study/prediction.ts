import type { Row } from '../bench/judge/check.ts'
import { figure, meanOf } from '../bench/judge/check.ts'
import { readPolicyText } from '../../src/policy-file.ts'
import { seededRandom } from '../../src/simulate/random.ts'
import { scenarioOf } from '../../src/simulate/scenario.ts'
import { Simulation } from '../../src/simulate/simulation.ts'
import { factsOf, outcomeOf, seedOf } from '../../src/simulate/summary.ts'
import type { RunFacts } from '../../src/simulate/summary.ts'
import { warmUpMs } from './release.ts'
import type { Observed } from './release.ts'

export interface Predicted {
  readonly policy: object
  readonly rate: number
  readonly stableFailures: number
  readonly canaryFailures: number
  readonly latencyMs: number
}

/** From the command to the coordinator's first look at the rollout, about. */
const startMs = 1_500
const simulatedRuns = 1_000
const drawnMeans = 20_000
/** Chance alone goes beyond in three of a thousand comparisons, as beyond three standard errors. */
const unlikely = 0.003

/**
 * What `policy simulate` says for the same numbers, held against what was seen: odds, messages harmed, and those that the canary took until the rollout
 * had ended.
 */
export function agreement(
  id: string,
  predicted: Predicted,
  observed: readonly Observed[],
  seed: number,
): readonly Row[] {
  const simulated = simulate(predicted, seed)
  const isRolledBack = (phase: RunFacts['phase']) => (outcomeOf(phase) === 'RolledBack' ? 1 : 0)
  return [
    compared(`${id} rolled back, as simulated`, {
      seen: observed.map(({ last }) => isRolledBack(last.phase ?? 'Initialized')),
      foretold: simulated.map(({ phase }) => isRolledBack(phase)),
      seed,
    }),
    compared(`${id} mean harmed, as simulated`, {
      seen: observed.map(({ last }) => last.harmed),
      foretold: simulated.map(({ harmed }) => harmed),
      seed,
    }),
    compared(`${id} mean taken by the canary, as simulated`, {
      seen: observed.map(({ statuses }) => statuses.at(-1)?.canary?.outcomes.taken ?? 0),
      foretold: simulated.map(({ canaryMessages }) => canaryMessages),
      seed,
    }),
  ]
}

function simulate(predicted: Predicted, seed: number): readonly RunFacts[] {
  const { policy, rate, stableFailures, canaryFailures, latencyMs } = predicted
  const read = readPolicyText(JSON.stringify(policy))
  if (!read.ok) throw new Error(read.problems.join('; '))
  const scenario = scenarioOf(read.policy, {
    kind: 'steady',
    ratePerSecond: rate,
    stable: { failures: stableFailures, latencyMs },
    canary: { failures: canaryFailures, latencyMs },
    onsetMs: 0,
    poison: 0,
    deathsPerHour: 0,
    historyMs: warmUpMs + startMs,
  })
  return Array.from({ length: simulatedRuns }, (_, run) => {
    const result = new Simulation(scenario, seedOf(seed, run)).run(Infinity)
    if (result === undefined) throw new Error('a simulation did not end')
    return factsOf(result)
  })
}

/**
 * Whether runs that go as the simulated ones would show such a mean: whatever the shape of their distribution, and however few there are. So many
 * means of as many simulated runs are drawn.
 */
function compared(
  what: string,
  { seen, foretold, seed }: { readonly seen: readonly number[]; readonly foretold: readonly number[]; seed: number },
): Row {
  const random = seededRandom(seed)
  const one = (): number => foretold[Math.floor(random() * foretold.length)] ?? 0
  const means = Array.from({ length: drawnMeans }, () => meanOf(seen.map(one)).value).toSorted((a, b) => a - b)
  const [least, most] = [unlikely / 2, 1 - unlikely / 2].map((part) => means[Math.round(part * (drawnMeans - 1))] ?? 0)
  const { value, error } = meanOf(seen)
  return {
    id: '',
    what,
    runs: seen.length,
    observed: figure(value),
    error: figure(error),
    required: `${figure(meanOf(foretold).value)} (${figure(least ?? 0)} to ${figure(most ?? 0)})`,
    passes: value >= (least ?? 0) && value <= (most ?? 0),
  }
}
