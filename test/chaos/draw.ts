import type { Random } from '../../src/simulate/random.ts'
import type { Cell } from './cell.ts'

/** So many of the cells, each at most once, in random order. */
export function drawCells(cells: readonly Cell[], count: number, random: Random): readonly Cell[] {
  const left = [...cells]
  const drawn: Cell[] = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1))
  return drawn
}
