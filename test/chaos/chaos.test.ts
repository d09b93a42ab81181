import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/simulate/random.ts'
import { matrix } from './cell.ts'
import { chaos } from './chaos.ts'
import { drawCells } from './draw.ts'

/** Of each thing that can be struck. */
const cellsOfATarget = 1
const parallel = 2

describe('rollouts on real servers', () => {
  it('end as they must, whatever is struck and when', async () => {
    const seed = Date.now() % 1_000_000
    console.log(`cells drawn with seed ${seed}`)
    const random = seededRandom(seed)
    const byTarget = Map.groupBy(matrix(), ({ target }) => target)
    const cells = [...byTarget.values()].flatMap((each) => drawCells(each, cellsOfATarget, random))
    const results = await chaos({ cells, parallel, fleet: { stable: 2, canary: 1 }, say: console.log })
    expect(results).toHaveLength(cells.length)
    expect(results.flatMap(({ broken }) => broken)).toEqual([])
  })
})
