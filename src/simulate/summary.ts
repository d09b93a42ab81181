import type { Phase } from '../core/rollout/rollout.ts'
import type { Run } from './simulation.ts'

/** What many runs have in common. */
export interface Summary {
  readonly runs: number
  readonly outcomes: Readonly<Record<Outcome, OutcomeSummary>>
  /** Runs by the phase that they ended in, or were held in until `progressDeadline`. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>
  readonly harmed: Percentiles
  readonly elapsedMs: Percentiles
  /** Seed of a run that is in the middle of the most frequent outcome. */
  readonly typicalSeed: number
}

export const outcomes = ['Succeeded', 'RolledBack', 'undecided'] as const
export type Outcome = (typeof outcomes)[number]

export interface OutcomeSummary {
  readonly runs: number
  /** Fraction of all runs. */
  readonly odds: number
  /** undefined without runs. */
  readonly elapsedMs: Percentiles | undefined
  readonly harmed: Percentiles | undefined
  /** Messages that the canary took. */
  readonly canaryMessages: Percentiles | undefined
}

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** What a summary needs of a run. */
export type RunFacts = Pick<Run, 'seed' | 'phase' | 'elapsedMs' | 'harmed'> & { readonly canaryMessages: number }

export function factsOf({ seed, phase, elapsedMs, harmed, messages }: Run): RunFacts {
  return { seed, phase, elapsedMs, harmed, canaryMessages: messages.canary.taken }
}

export function outcomeOf(phase: Phase): Outcome {
  return phase === 'Succeeded' || phase === 'RolledBack' ? phase : 'undecided'
}

/** At least one run is needed. */
export function summarize(runs: readonly RunFacts[]): Summary {
  const ending = (outcome: Outcome) => runs.filter(({ phase }) => outcomeOf(phase) === outcome)
  const phases: Partial<Record<Phase, number>> = {}
  for (const { phase } of runs) phases[phase] = (phases[phase] ?? 0) + 1
  return {
    runs: runs.length,
    outcomes: {
      Succeeded: summaryOf(ending('Succeeded'), runs.length),
      RolledBack: summaryOf(ending('RolledBack'), runs.length),
      undecided: summaryOf(ending('undecided'), runs.length),
    },
    phases,
    harmed: percentiles(runs.map(({ harmed }) => harmed)),
    elapsedMs: percentiles(runs.map(({ elapsedMs }) => elapsedMs)),
    typicalSeed: typical(outcomes.map(ending).toSorted((a, b) => b.length - a.length)[0] ?? runs),
  }
}

function summaryOf(runs: readonly RunFacts[], all: number): OutcomeSummary {
  const of = (values: readonly number[]) => (values.length === 0 ? undefined : percentiles(values))
  return {
    runs: runs.length,
    odds: runs.length / all,
    elapsedMs: of(runs.map(({ elapsedMs }) => elapsedMs)),
    harmed: of(runs.map(({ harmed }) => harmed)),
    canaryMessages: of(runs.map(({ canaryMessages }) => canaryMessages)),
  }
}

/** The smallest values that half, 95 % and 99 % of all do not exceed. */
function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

function typical(runs: readonly RunFacts[]): number {
  const sorted = runs.toSorted((a, b) => a.elapsedMs - b.elapsedMs || a.harmed - b.harmed || a.seed - b.seed)
  return sorted[Math.floor(sorted.length / 2)]?.seed ?? 0
}

/** Of the run with this number. Runs of different numbers, and of different seeds below 2^32, share nothing. */
export function seedOf(seed: number, run: number): number {
  return run * 2 ** 32 + seed
}

/** More would not have seeds of their own. */
export const mostRuns = 1_000_000
