import { parseArgs } from 'node:util'
import { openServer } from '../bench/lab/server.ts'
import { table } from '../bench/report/table.ts'
import type { Row } from '../bench/judge/check.ts'
import { experiments } from './experiments.ts'
import type { Experiment } from './experiment.ts'
import { study } from './study.ts'
import { wholeOption } from '../support/whole-option.ts'

const usage = 'npm run study -- [--only alike,tenfold] [--runs N] [--slice] [--parallel N] [--seed N]'
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string' },
    slice: { type: 'boolean', default: false },
    parallel: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help)
  console.log([usage, '', ...experiments.map(({ name, about }) => `  ${name.padEnd(9)}${about}`)].join('\n'))
else process.exitCode = report(await conduct()) ? 0 : 1

async function conduct(): Promise<readonly Row[]> {
  await using server = await openServer()
  const { password } = new URL(server.url)
  return await study(
    { url: server.url, adminUrl: server.url, password: decodeURIComponent(password), control: undefined },
    {
      experiments: chosen(),
      runs: ({ runs }) =>
        values.runs === undefined ? runs[values.slice ? 'slice' : 'full'] : wholeOption('runs', values.runs),
      parallel: wholeOption('parallel', values.parallel),
      seed: wholeOption('seed', values.seed),
      say: (line) => process.stderr.write(`${line}\n`),
    },
  )
}

function chosen(): readonly Experiment[] {
  const only = values.only?.split(',').map((name) => name.trim())
  const unknown = only?.find((name) => !experiments.some((experiment) => experiment.name === name))
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: expected some of ${experiments.map(({ name }) => name).join(', ')}`)
  return experiments.filter(({ name }) => only === undefined || only.includes(name))
}

function report(rows: readonly Row[]): boolean {
  const cells = rows.map(({ id, what, runs, observed, error, required, passes }) => [
    id === '' ? what : `${id} ${what}`,
    String(runs),
    observed,
    error,
    required,
    passes ? 'pass' : 'FAIL',
  ])
  console.log(table(['rollouts through the whole product', 'runs', 'seen', 'std. error', 'required', ''], cells))
  return rows.every(({ passes }) => passes)
}
