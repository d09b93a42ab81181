import { parseArgs } from 'node:util'
import { mutants } from './mutants/mutants.ts'
import { printReport } from './print-report.ts'
import type { Report } from './report.ts'
import { simulate } from './simulate.ts'
import { trace } from './trace.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '100' },
    jobs: { type: 'string', default: '1' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const firstSeed = Number(values.seed)
const seeds = Number(values.seeds)
const jobs = Number(values.jobs)

if (values.help) console.log(usage())
else if (values.trace) await trace(firstSeed, values.mutant)
else if (values.mutants) await findAll()
else await simulateAll()

async function simulateAll(): Promise<void> {
  const { mutant } = values
  const onProgress = ({ seeds: done, failures }: Report): void => {
    const found = failures.map(({ seed, violation }) => `; ${seed} violates ${violation.invariant}`)
    console.error(`${done} of ${seeds} seeds, ${failures.length} violations${found.join('')}`)
  }
  const planted = mutant !== undefined && { mutant }
  const report = await simulate({ firstSeed, seeds, jobs, shrinks: true, onProgress, ...planted })
  printReport(report, mutant)
  process.exitCode = report.failures.length === 0 ? 0 : 1
}

/** Every planted bug has to be found within the seeds. */
async function findAll(): Promise<void> {
  for (const { name, violates } of mutants) {
    const { failures, seeds: tried } = await simulate({ firstSeed, seeds, jobs, mutant: name, stopsAtFirst: true })
    const [first] = failures
    const isFound = first !== undefined && violates.includes(first.violation.invariant)
    if (!isFound) process.exitCode = 1
    const found =
      first === undefined ? `not found in ${tried} seeds` : `seed ${first.seed}, ${first.violation.invariant}`
    console.log(`${isFound ? 'found ' : 'MISSED'} ${name.padEnd(24)} ${found}`)
  }
}

function usage(): string {
  return [
    'npm run simulate:faults -- [--seeds N] [--seed S] [--jobs J] [--mutant NAME | --mutants] [--trace]',
    '',
    '  --seed S     the first seed; a seed and a commit are a run                       (1)',
    '  --seeds N    so many of them                                                     (100)',
    '  --jobs J     processes                                                           (1)',
    '  --mutant M   with a bug planted                                                  (none)',
    '  --mutants    looks for every planted bug in turn, within N seeds each',
    '  --trace      tells all that happens in the run of seed S',
  ].join('\n')
}
