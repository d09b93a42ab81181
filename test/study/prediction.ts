import type { Row } from '../bench/judge/check.ts'
import { figure, meanOf } from '../bench/judge/check.ts'
import { readPolicyText } from '../../src/policy-file.ts'
import { scenarioOf } from '../../src/simulate/scenario.ts'
import { Simulation } from '../../src/simulate/simulation.ts'
import { factsOf, outcomeOf, seedOf } from '../../src/simulate/summary.ts'
import type { RunFacts } from '../../src/simulate/summary.ts'
import type { Observed } from './release.ts'

export interface Predicted {
  readonly policy: object
  readonly rate: number
  readonly stableFailures: number
  readonly canaryFailures: number
  readonly latencyMs: number
}

const simulatedRuns = 1_000
/** Three standard errors: chance alone goes beyond it in three of a thousand comparisons. */
const farOff = 3

/** What `policy simulate` says for the same numbers, held against what was seen: odds, messages harmed, messages that the canary took. */
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
    }),
    compared(`${id} mean harmed, as simulated`, {
      seen: observed.map(({ last }) => last.harmed),
      foretold: simulated.map(({ harmed }) => harmed),
    }),
    compared(`${id} mean taken by the canary, as simulated`, {
      seen: observed.map(({ last }) => last.canary?.outcomes.taken ?? 0),
      foretold: simulated.map(({ canaryMessages }) => canaryMessages),
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
  })
  return Array.from({ length: simulatedRuns }, (_, run) => {
    const result = new Simulation(scenario, seedOf(seed, run)).run(Infinity)
    if (result === undefined) throw new Error('a simulation did not end')
    return factsOf(result)
  })
}

function compared(what: string, { seen, foretold }: { seen: readonly number[]; foretold: readonly number[] }): Row {
  const [real, modelled] = [meanOf(seen), meanOf(foretold)]
  const error = Math.hypot(real.error, modelled.error)
  const off = Math.abs(real.value - modelled.value)
  return {
    id: '',
    what,
    runs: seen.length,
    observed: figure(real.value),
    error: figure(error),
    required: `${figure(modelled.value)} +- ${figure(farOff * error)}`,
    passes: off <= farOff * error,
  }
}
