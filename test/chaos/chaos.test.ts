import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/simulate/random.ts'
import { matrix } from './cell.ts'
import { chaos } from './chaos.ts'
import { drawCells } from './draw.ts'

/** Of the matrix, with each change; the whole of it by `npm run test:chaos`. */
const slice = 4

describe('rollouts on real servers', () => {
  it('end as they must, whatever is struck and when', async () => {
    const seed = Date.now() % 1_000_000
    console.log(`cells drawn with seed ${seed}`)
    const cells = drawCells(matrix(), slice, seededRandom(seed))
    const results = await chaos({ cells, parallel: 1, fleet: { stable: 2, canary: 1 }, say: console.log })
    expect(results).toHaveLength(slice)
    expect(results.some(({ isMissed }) => !isMissed)).toBe(true)
    expect(results.flatMap(({ broken }) => broken)).toEqual([])
  })
})
