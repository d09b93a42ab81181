import type { Violation } from './check/invariant.ts'
import type { Scenario } from './scenario/scenario.ts'

export interface Task {
  readonly firstSeed: number
  readonly count: number
  readonly stride: number
  readonly mutant: string | undefined
  readonly stopsAtFirst: boolean
  readonly shrinks: boolean
}

export interface Failure {
  readonly seed: number
  readonly violation: Violation
  /** The least set of faults that leads there, where it was looked for. */
  readonly scenario: Scenario
}

/** What a process has done so far. */
export interface Report {
  readonly seeds: number
  readonly virtualMs: number
  readonly cpuMs: number
  readonly messages: number
  readonly phases: Readonly<Record<string, number>>
  readonly reached: Readonly<Record<string, number>>
  /** Of all runs together. */
  readonly digest: number
  readonly failures: readonly Failure[]
}

export const emptyReport: Report = {
  seeds: 0,
  virtualMs: 0,
  cpuMs: 0,
  messages: 0,
  phases: {},
  reached: {},
  digest: 0,
  failures: [],
}
