import { ownerOf } from '../integration/support/stage.ts'
import { ledgerNow } from '../support/ledger.ts'
import { duplicates } from '../support/ledger-check.ts'
import { nameOf } from './cell.ts'
import type { Cell, End } from './cell.ts'
import type { FleetSize } from './company.ts'
import { openLane } from './lane.ts'
import type { Lane } from './lane.ts'
import { MissedMoment } from './moment-watch.ts'
import { tryCell } from './trial.ts'
import { endOf, verdictOn } from './verdict.ts'

export interface ChaosOptions {
  readonly cells: readonly Cell[]
  /** Cells at a time, each on servers of its own. */
  readonly parallel: number
  readonly fleet: FleetSize
  readonly say: (line: string) => void
}

export interface CellResult {
  readonly cell: Cell
  /** undefined where it did not end. */
  readonly end: End | undefined
  /** What was broken of what must hold, in words. */
  readonly broken: readonly string[]
  /** It was not struck at its moment, which nobody saw: it shows nothing. */
  readonly isMissed: boolean
  readonly messages: number
  /** Handled with success more than once, as the blow explains. */
  readonly repeated: number
  readonly tookMs: number
}

/** Strikes one rollout for each cell, and tells what became of it. */
export async function chaos({ cells, parallel, fleet, say }: ChaosOptions): Promise<readonly CellResult[]> {
  const due = [...cells]
  const results: CellResult[] = []
  const work = async (): Promise<void> => {
    await using lane = await openLane()
    for (let cell = due.shift(); cell !== undefined; cell = due.shift()) {
      const result = await resultOf(lane, cell, fleet)
      results.push(result)
      say(`${results.length} of ${cells.length}: ${lineOf(result)}`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, cells.length) }, work))
  return results
}

function lineOf({ cell, end, broken, isMissed, messages, repeated, tookMs }: CellResult): string {
  const held = isMissed ? 'MISSED its moment' : 'holds'
  const verdict = broken.length === 0 ? held : `BROKEN: ${broken.join('; ')}`
  const seconds = Math.round(tookMs / 1_000)
  return `${nameOf(cell)}: ${end ?? 'no end'}, ${messages} messages, ${repeated} repeated, ${seconds} s: ${verdict}`
}

async function resultOf(lane: Lane, cell: Cell, fleet: FleetSize): Promise<CellResult> {
  const began = ledgerNow()
  const tookMs = (): number => ledgerNow() - began
  try {
    await using open = new AsyncDisposableStack()
    const trial = await tryCell(lane, cell, fleet, ownerOf(open))
    const [messages, repeated] = [trial.confirmed.size, duplicates(trial.events).length]
    const broken = verdictOn(trial)
    return { cell, end: endOf(trial), broken, isMissed: false, messages, repeated, tookMs: tookMs() }
  } catch (error) {
    const isMissed = error instanceof MissedMoment
    const broken = isMissed ? [] : [error instanceof Error ? error.message : String(error)]
    return { cell, end: undefined, broken, isMissed, messages: 0, repeated: 0, tookMs: tookMs() }
  }
}
