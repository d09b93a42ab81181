import { invariants } from './check/invariants.ts'
import type { Failure, Report } from './report.ts'

/** Figures, how often each rare state was reached, and for each violation how to see it again. */
export function printReport(report: Report, mutant: string | undefined): void {
  const { seeds, virtualMs, cpuMs, messages, phases, reached, digest, failures } = report
  const hours = virtualMs / 3_600_000
  console.log(`seeds               ${seeds}`)
  console.log(
    `virtual hours       ${hours.toFixed(1)}, ${Math.round(virtualMs / cpuMs)} times as fast as the CPU's clock`,
  )
  console.log(`CPU                 ${(cpuMs / 1_000).toFixed(1)} s, ${(cpuMs / seeds).toFixed(0)} ms a seed`)
  console.log(`messages            ${messages}`)
  console.log(`digest              ${(digest >>> 0).toString(16)}`)
  console.log(`invariants          ${invariants.length}`)
  printCounts('ended', phases)
  printCounts('reached', reached)
  for (const failure of failures) printFailure(failure, mutant)
  console.log(failures.length === 0 ? 'no invariant was violated' : `${failures.length} violations`)
}

function printCounts(title: string, counts: Report['reached']): void {
  console.log(title)
  const sorted = Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, count] of sorted) console.log(`  ${String(count).padStart(8)}  ${name}`)
}

function printFailure({ seed, violation, scenario }: Failure, mutant: string | undefined): void {
  const says = invariants.find(({ name }) => name === violation.invariant)?.says ?? ''
  console.log(`\nseed ${seed} violates ${violation.invariant}: ${says}`)
  console.log(`  after ${(violation.at / 1_000).toFixed(3)} s: ${violation.found}`)
  console.log('  the least that leads there:')
  for (const fault of scenario.faults) console.log(`    ${JSON.stringify(fault)}`)
  for (const command of scenario.commands) console.log(`    ${JSON.stringify(command)}`)
  console.log(`    workers ${scenario.workers.map(({ name }) => name).join(', ')}`)
  const planted = mutant === undefined ? '' : ` --mutant ${mutant}`
  console.log(`  npm run simulate:faults -- --trace --seed ${seed}${planted}`)
}
