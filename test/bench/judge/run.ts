import { table } from '../report/table.ts'
import type { Check, Row } from './check.ts'
import { checks } from './checks/all.ts'
import { parseOptions, usage } from './options.ts'

const options = parseOptions(process.argv.slice(2))
if (options.help) console.log(usage)
else process.exitCode = report(chosen().flatMap(measure)) ? 0 : 1

function chosen(): readonly Check[] {
  const { only } = options
  const unknown = only?.find((id) => !checks.some((check) => check.id === id))
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: expected some of ${checks.map(({ id }) => id).join(', ')}`)
  return checks.filter(({ id }) => only === undefined || only.includes(id))
}

function measure(check: Check): readonly Row[] {
  const start = performance.now()
  const rows = check.run(options)
  const seconds = ((performance.now() - start) / 1_000).toFixed(1)
  process.stderr.write(`${check.id}: ${rows.filter(({ passes }) => passes).length} of ${rows.length}, ${seconds} s\n`)
  return rows
}

function report(rows: readonly Row[]): boolean {
  console.log(`seed ${options.seed}, Node.js ${process.versions.node}\n`)
  const cells = rows.map((row) => [
    `${row.id} ${row.what}`,
    String(row.runs),
    row.observed,
    row.error,
    row.required,
    row.passes ? 'pass' : 'FAIL',
  ])
  console.log(table(['what', 'runs', 'observed', 'std. error', 'required', ''], cells))
  return rows.every(({ passes }) => passes)
}
