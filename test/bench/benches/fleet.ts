import type { LocalBench } from '../lab/bench.ts'
import { lookCost } from '../micro/look.ts'
import { fixed, median } from '../report/figures.ts'
import { table } from '../report/table.ts'

const sizes = [10, 30, 100, 300, 1_000] as const
/** Consumers whose reports are taken in in one measurement. */
const work = 30_000

/** How a look of the coordinator grows with the fleet. */
export const fleet: LocalBench = {
  name: 'fleet',
  needs: 'nothing',
  about: 'one look of the coordinator of a queue with 10 to 1,000 consumers: CPU and store traffic',
  async run({ options: { rounds, quick }, say }) {
    const rows: string[][] = []
    for (const size of sizes) {
      say(`fleet: ${size} consumers`)
      const times = Math.max(3, Math.ceil(work / size / (quick ? 10 : 1)))
      const costs = []
      // The first round is for the compiler.
      for (let round = 0; round <= Math.max(2, rounds); round++) costs.push(await lookCost(size, times))
      const micros = median(costs.slice(1).map((cost) => cost.micros))
      const bytes = median(costs.slice(1).map((cost) => cost.bytes))
      rows.push([`${size}`, fixed(micros / 1e3, 2), fixed(micros / size, 1), fixed(bytes / 1e6, 3)])
    }
    const head = ['consumers', 'CPU ms a look', 'us a consumer', 'MB of store traffic a look']
    return `## The fleet\n\n${table(head, rows)}`
  },
}
