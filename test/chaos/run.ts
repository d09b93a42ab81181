import { parseArgs } from 'node:util'
import { table } from '../bench/report/table.ts'
import { seededRandom } from '../../src/simulate/random.ts'
import { chaos } from './chaos.ts'
import type { CellResult } from './chaos.ts'
import { endsOf, matrix, nameOf, storeKinds, targets } from './cell.ts'
import type { Cell } from './cell.ts'
import { drawCells } from './draw.ts'
import type { FleetSize } from './company.ts'
import { wholeOption } from '../support/whole-option.ts'

const usage = `npm run test:chaos -- [--only WORDS] [--store KIND] [--cells N] [--seed N] [--parallel N] [--fleet 2+1]

Strikes real rollouts, one for each cell of the kill matrix: worker processes, RabbitMQ, and Redis, NATS or PostgreSQL.

  --only      cells whose name has each of these words, such as "store freeze"
  --store     all of them on redis, nats or postgres, instead of each in turn
  --cells     so many of them, drawn at random
  --seed      what is drawn; printed, so that the same can be drawn again
  --parallel  cells at a time, each on servers of its own (3)
  --fleet     stable and canary workers (2+1)`
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    store: { type: 'string' },
    cells: { type: 'string' },
    seed: { type: 'string' },
    parallel: { type: 'string', default: '3' },
    fleet: { type: 'string', default: '2+1' },
    help: { type: 'boolean', default: false },
  },
})

// What a missed moment has left waiting need not be waited for: all servers and workers have ended.
if (!values.help) process.exit(await conduct())
console.log(usage)

async function conduct(): Promise<number> {
  const seed = wholeOption('seed', values.seed ?? String(Date.now() % 1_000_000))
  const named = matrix().map(onStore(values.store)).filter(isNamed)
  const cells =
    values.cells === undefined ? named : drawCells(named, wholeOption('cells', values.cells), seededRandom(seed))
  if (cells.length === 0) throw new Error(`--only ${values.only}: no cell has these words in its name`)
  console.log(`${cells.length} cells, seed ${seed}`)
  const results = await chaos({
    cells,
    parallel: wholeOption('parallel', values.parallel),
    fleet: fleet(values.fleet),
    say: (line) => process.stderr.write(`${line}\n`),
  })
  console.log(summary(results))
  return results.every(({ broken }) => broken.length === 0) ? 0 : 1
}

function onStore(wanted: string | undefined): (cell: Cell) => Cell {
  if (wanted === undefined) return (cell) => cell
  const store = storeKinds.find((kind) => kind === wanted)
  if (store === undefined) throw new Error(`--store: expected ${storeKinds.join(', ')}, found "${wanted}"`)
  return (cell) => ({ ...cell, store })
}

function isNamed(cell: Cell): boolean {
  const words = nameOf(cell).split(/[ (),]+/)
  return values.only.split(/[ ,]+/).every((word) => word === '' || words.includes(word))
}

function fleet(text: string): FleetSize {
  const [stable, canary] = /^[1-9]\d*\+[1-9]\d*$/.test(text) ? text.split('+').map(Number) : []
  if (stable === undefined || canary === undefined) throw new Error(`--fleet: expected 3+2 or alike, found "${text}"`)
  return { stable, canary }
}

function summary(results: readonly CellResult[]): string {
  const head = ['struck', 'cells', 'hold', 'missed', 'promoted', 'taken back', 'forgotten', 'messages', 'repeated']
  const count = (some: readonly CellResult[], end: string): string =>
    `${some.filter((each) => each.end === end).length}`
  const rows = targets.map((target) => {
    const some = results.filter(({ cell }) => cell.target === target)
    const sum = (of: (result: CellResult) => number): string => `${some.reduce((total, each) => total + of(each), 0)}`
    return [
      target,
      `${some.length}`,
      sum(({ broken, isMissed }) => (broken.length === 0 && !isMissed ? 1 : 0)),
      sum(({ isMissed }) => (isMissed ? 1 : 0)),
      count(some, 'Succeeded'),
      count(some, 'RolledBack'),
      count(some, 'Forgotten'),
      sum(({ messages }) => messages),
      sum(({ repeated }) => repeated),
    ]
  })
  const bad = results.filter(({ broken }) => broken.length > 0)
  const broken = bad.map(
    ({ cell, broken: what }) => `${nameOf(cell)}, to end as ${endsOf(cell).join(' or ')}: ${what.join('; ')}`,
  )
  return [table(head, rows), ...broken].join('\n')
}
