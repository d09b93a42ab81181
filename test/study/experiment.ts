import type { Row } from '../bench/judge/check.ts'
import type { Stage } from '../integration/support/stage.ts'
import type { Observed } from './release.ts'

/** One claim about whole rollouts on a real broker. */
export interface Experiment {
  readonly name: string
  readonly about: string
  /** Rollouts of the whole study, and of the slice that is run with every change. */
  readonly runs: { readonly full: number; readonly slice: number }
  /** One rollout. Runs of different numbers draw their failures apart. */
  observe(stage: Stage, run: string): Promise<Observed>
  /** What all of them together show. */
  rows(observed: readonly Observed[], seed: number): readonly Row[]
}

/** How often it happened, held against a part of the runs, rounded up to whole runs. */
export function counted(
  id: string,
  what: string,
  observed: readonly Observed[],
  { happened, atMost = 1, atLeast = 0 }: Counted,
): Row {
  const runs = observed.length
  const hits = observed.filter(happened).length
  const [least, most] = [Math.floor(atLeast * runs), Math.ceil(atMost * runs)]
  const error = Math.sqrt(((hits / runs) * (1 - hits / runs)) / runs)
  const required = least > 0 ? `${least} at least` : `${most} at most`
  return {
    id,
    what,
    runs,
    observed: `${hits}`,
    error: error > 0 ? (error * runs).toFixed(1) : '',
    required,
    passes: hits >= least && hits <= most,
  }
}

export interface Counted {
  readonly happened: (observed: Observed) => boolean
  /** Parts of one. */
  readonly atMost?: number
  readonly atLeast?: number
}

export function ended(phase: 'Succeeded' | 'RolledBack'): (observed: Observed) => boolean {
  const exit = phase === 'Succeeded' ? 0 : 3
  return (observed) => observed.last.phase === phase && observed.exit === exit
}

/** What holds for every rollout, whatever it is about. */
export function nothingLost(id: string, observed: readonly Observed[]): Row {
  return counted(id, 'lost a message, or dead-lettered one', observed, {
    happened: ({ lost, dead }) => lost + dead > 0,
    atMost: 0,
  })
}
