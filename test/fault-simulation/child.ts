import { plant } from './mutants/plant.ts'
import type { RunResult } from './run/run.ts'
import { emptyReport } from './report.ts'
import type { Failure, Report, Task } from './report.ts'
import type { Scenario } from './scenario/scenario.ts'

const batch = 20
const mostFailures = 20

const task: Task = JSON.parse(process.argv[2] ?? '')
// Whoever wanted to know is gone.
process.once('disconnect', () => process.exit())
if (task.mutant !== undefined) plant(task.mutant)
const { run } = await import('./run/run.ts')
const { shrink } = await import('./run/shrink.ts')
const { drawScenario } = await import('./scenario/draw-scenario.ts')
const { closeSandbox } = await import('./time/sandbox.ts')

const later = setImmediate
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
const beganAt = cpuMs()
let report = emptyReport
closeSandbox()
later(runBatch)

function runBatch(): void {
  for (let left = batch; left > 0 && !isDone(); left--) runSeed(task.firstSeed + report.seeds * task.stride)
  const next = isDone() ? () => process.disconnect() : () => later(runBatch)
  process.send?.(report, next)
}

function isDone(): boolean {
  const { seeds, failures } = report
  return seeds >= task.count || failures.length >= (task.stopsAtFirst ? 1 : mostFailures)
}

function runSeed(seed: number): void {
  const scenario = drawScenario(seed)
  const result = run(scenario)
  report = {
    seeds: report.seeds + 1,
    virtualMs: report.virtualMs + result.virtualMs,
    cpuMs: cpuMs() - beganAt,
    messages: report.messages + result.messages,
    phases: counted(report.phases, [result.phase]),
    reached: counted(report.reached, result.reached),
    digest: report.digest ^ result.digest,
    failures: [...report.failures, ...failureOf(scenario, result)],
  }
}

function failureOf(scenario: Scenario, { violations }: RunResult): readonly Failure[] {
  const [violation] = violations
  if (violation === undefined) return []
  const smallest = task.shrinks ? shrink(scenario, violation.invariant).scenario : scenario
  return [{ seed: scenario.seed, violation, scenario: smallest }]
}

function counted(counts: Report['phases'], names: readonly string[]): Report['phases'] {
  const next = { ...counts }
  for (const name of names) next[name] = (next[name] ?? 0) + 1
  return next
}
