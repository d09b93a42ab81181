import type { Scenario } from '../scenario/scenario.ts'
import { run } from './run.ts'

export interface Shrunk {
  readonly scenario: Scenario
  readonly runs: number
}

/**
 * The same scenario with as few faults, commands and workers as still violate the invariant: each is left out on its own, again and again, until none
 * can be. What is left draws the same random numbers, so nothing else changes. Must not be called from within a microtask.
 */
export function shrink(scenario: Scenario, invariant: string): Shrunk {
  let smallest = scenario
  let runs = 0
  const stillFails = (candidate: Scenario): boolean => {
    runs++
    return run(candidate).violations.some((violation) => violation.invariant === invariant)
  }
  for (let isSmaller = true; isSmaller;) {
    const next = candidates(smallest).find(stillFails)
    isSmaller = next !== undefined
    smallest = next ?? smallest
  }
  return { scenario: smallest, runs }
}

function candidates(scenario: Scenario): readonly Scenario[] {
  const { faults, commands, workers } = scenario
  return [
    ...faults.map((_, index) => ({ ...scenario, faults: faults.toSpliced(index, 1) })),
    ...commands.map((_, index) => ({ ...scenario, commands: commands.toSpliced(index, 1) })),
    ...(workers.length > 2 ? workers.map((_, index) => ({ ...scenario, workers: workers.toSpliced(index, 1) })) : []),
  ].filter(({ workers: left }) => left.some(({ version }) => version === 'v1'))
}
