import type { Policy } from '../../core/policy/policy.ts'
import { policyDigest } from '../../policy-digest.ts'
import { takenForGranted } from '../../simulate/limits.ts'
import { planOf } from '../../simulate/plan.ts'
import { scenarioOf } from '../../simulate/scenario.ts'
import { timelineOf } from '../../simulate/timeline.ts'
import { trafficOf } from '../../simulate/traffic.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import type { SimulateAction } from '../policy-arguments.ts'
import { runSimulations } from '../run-simulations.ts'
import { simulationView, timelineColumns } from '../view/simulation-view.ts'
import type { Simulated } from '../view/simulation-view.ts'

/** `policy simulate`: odds, times and harm of a policy on a modelled queue. */
export async function simulatePolicy(action: SimulateAction, policy: Policy, io: Io, json: boolean): Promise<ExitCode> {
  const { file, given, poison, deathsPerHour, seed } = action
  const traffic = { ...trafficOf(given), poison, deathsPerHour }
  const scenario = scenarioOf(policy, traffic)
  const summary = await runSimulations(scenario, action, io)
  if (summary === undefined) return exitCodes.interrupted
  const { columns, color, isTerminal } = io.out
  const typical = timelineOf(scenario, summary.typicalSeed, json ? pointsInJson : timelineColumns({ columns }))
  const plan = planOf(policy, traffic)
  const simulated = { file, policy, traffic, seed, summary, plan, typical, notes: takenForGranted(policy) }
  if (json) io.out.write(`${JSON.stringify(document(simulated), nullForNothing, 2)}\n`)
  else for (const line of simulationView(simulated, { columns, color, unicode: isTerminal })) writeLine(io.out, line)
  return exitCodes.done
}

const pointsInJson = 200

/** Keys do not come and go: what there is nothing of is null, and so is Infinity, as of messages that are never enough. */
function nullForNothing(_: string, value: unknown): unknown {
  return value ?? null
}

function document({ file, policy, traffic, seed, summary, plan, typical, notes }: Simulated) {
  const { runs, outcomes, phases, harmed } = summary
  const { run, timeline } = typical
  // Without the wall clock, which a simulation does not have.
  const history = run.history.map(({ elapsedMs, phase, step, why, numbers }) => ({
    elapsedMs,
    phase,
    step,
    why,
    numbers,
  }))
  return {
    file,
    digest: policyDigest(policy),
    traffic,
    seed,
    runs,
    outcomes,
    phases,
    harmed,
    plan,
    typical: { phase: run.phase, elapsedMs: run.elapsedMs, harmed: run.harmed, history, timeline },
    notes,
  }
}
