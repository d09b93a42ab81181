import { setImmediate } from 'node:timers/promises'
import type { Scenario } from '../simulate/scenario.ts'
import { Simulation } from '../simulate/simulation.ts'
import { factsOf, seedOf, summarize } from '../simulate/summary.ts'
import type { RunFacts, Summary } from '../simulate/summary.ts'
import type { Io } from './io.ts'
import type { Runs } from './policy-arguments.ts'

const breathEveryMs = 50
const looksAtATime = 2_000

/** Runs a scenario so many times, and shows on a terminal how far it is. Resolves to undefined when it was interrupted. */
export async function runSimulations(scenario: Scenario, { runs, seed }: Runs, io: Io): Promise<Summary | undefined> {
  const done: RunFacts[] = []
  const breath = breathing(io, () => `${done.length} of ${runs} runs`)
  try {
    while (done.length < runs) {
      const simulation = new Simulation(scenario, seedOf(seed, done.length))
      let result = simulation.run(looksAtATime)
      while (result === undefined && (await breath.take())) result = simulation.run(looksAtATime)
      if (result === undefined || !(await breath.take())) return undefined
      done.push(factsOf(result))
    }
  } finally {
    breath.end()
  }
  return summarize(done)
}

/** Lets the rest of the process act now and then: signals above all. */
function breathing({ err, signal }: Io, progress: () => string) {
  let last = performance.now()
  let isShown = false
  return {
    /** False when it is time to stop. */
    async take(): Promise<boolean> {
      if (performance.now() - last < breathEveryMs) return true
      if (err.hasCursor) err.write(`\r${progress()}${clearLine}`)
      isShown = err.hasCursor
      await setImmediate()
      last = performance.now()
      return !signal.aborted
    },
    end(): void {
      if (isShown) err.write(`\r${clearLine}`)
    },
  }
}

const clearLine = '\u001b[K'
