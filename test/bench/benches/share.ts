import type { BrokerBench, Lab } from '../lab/bench.ts'
import { untilCalm } from '../lab/calm.ts'
import { Crew } from '../lab/crew.ts'
import { canaryVersion, openReleaseIn, stableVersion } from '../lab/release.ts'
import type { ConsumerSpec, Reading } from '../lab/protocol.ts'
import { queueTypes } from '../lab/traffic.ts'
import type { QueueType } from '../lab/traffic.ts'
import { fixed, percentile } from '../report/figures.ts'
import { table } from '../report/table.ts'
import { newDatabase } from './contestants.ts'

/** One cell: a load on a queue, a target for the canary, a number of stable consumers, each in its own process. */
interface Cell {
  readonly type: QueueType
  /** Messages a second; undefined: all are there before the first consumer comes. */
  readonly perSecond: number | undefined
  readonly messages: number
  readonly weight: number
  readonly stable: number
}

interface Shared extends Cell {
  readonly taken: number
  readonly stableWaits: Float64Array
  readonly canaryWaits: Float64Array
}

const weights = [1, 5, 25, 50]
const loads = [
  { perSecond: 20, messages: 1_000, crews: [1, 4] },
  { perSecond: 200, messages: 2_000, crews: [1, 2, 3, 4] },
  { perSecond: 2_000, messages: 10_000, crews: [1, 2, 3, 4] },
  { perSecond: undefined, messages: 100_000, crews: [1, 2, 3, 4] },
]
const quickCells: readonly Cell[] = [
  { type: 'classic', perSecond: 200, messages: 600, weight: 5, stable: 2 },
  { type: 'classic', perSecond: 2_000, messages: 6_000, weight: 25, stable: 2 },
  { type: 'classic', perSecond: undefined, messages: 20_000, weight: 5, stable: 2 },
]
const handlerMs = 5
const stableSlots = 50
/** Room for half of a backlog's rate: what bounds the canary here is its weight. */
const canarySlots = 200

export const share: BrokerBench = {
  name: 'share',
  needs: 'broker',
  about: 'share of the messages that a canary gets against its weight, and how long messages wait for their handler',
  async run(lab) {
    const done: Shared[] = []
    for (const cell of cellsOf(lab)) {
      const result = await shareOf(lab, cell)
      done.push(result)
      lab.say(`${describe(cell)}: ${measuredShare(result).toFixed(2)} %`)
    }
    return [sharesTable(done), waitsTable(done.filter(({ perSecond }) => perSecond !== undefined))].join('\n\n')
  },
}

function cellsOf({ options: { quick, match } }: Lab): readonly Cell[] {
  const cells = quick ? quickCells : queueTypes.flatMap(fullCells)
  return cells.filter((cell) => match === undefined || describe(cell).includes(match))
}

function fullCells(type: QueueType): readonly Cell[] {
  return loads.flatMap(({ perSecond, messages, crews }) =>
    weights.flatMap((weight) => crews.map((stable) => ({ type, perSecond, messages, weight, stable }))),
  )
}

async function shareOf(lab: Lab, cell: Cell): Promise<Shared> {
  const queue = 'bench-share'
  const database = newDatabase()
  await lab.traffic.createQueue(queue, cell.type)
  if (cell.perSecond === undefined) await lab.traffic.fill(queue, cell.messages)
  const consumer = (version: string, slots: number): ConsumerSpec => ({
    consumer: 'queue-canary',
    url: lab.url,
    queue,
    prefetch: slots,
    concurrency: slots,
    handlerMs,
    waits: cell.perSecond !== undefined,
    release: { version, database, soloWeight: undefined },
  })
  const stable = Array.from({ length: cell.stable }, () => consumer(stableVersion, stableSlots))
  const running = await Crew.start([...stable, consumer(canaryVersion, canarySlots)], lab.options.profileDir)
  try {
    await openReleaseIn(database, queue, { weight: cell.weight, maxInFlight: canarySlots })
    if (lab.options.calm) await untilCalm()
    running.open()
    if (cell.perSecond !== undefined) await lab.traffic.pace(queue, cell.messages, cell.perSecond)
    await running.untilHandled(cell.messages)
    return evaluate(cell, await running.finish())
  } finally {
    await running.dismiss()
    await lab.traffic.deleteQueue(queue)
  }
}

/** The canary's reading is the last one. */
function evaluate(cell: Cell, readings: readonly Reading[]): Shared {
  const stable = readings.slice(0, -1)
  const canary = readings.at(-1)
  return {
    ...cell,
    taken: canary?.handled ?? Number.NaN,
    stableWaits: Float64Array.from(stable.flatMap(({ waits }) => [...waits])),
    canaryWaits: canary?.waits ?? new Float64Array(),
  }
}

function sharesTable(cells: readonly Shared[]): string {
  const rows = cells.map((cell) => [
    describe(cell),
    fixed(measuredShare(cell), 2),
    fixed(cell.taken - (cell.weight / 100) * cell.messages, 1),
    fixed((measuredShare(cell) / cell.weight - 1) * 100, 1),
  ])
  return `## Share of a canary, ${handlerMs} ms handler\n\n${table(['load, target, stable consumers', 'share %', 'messages off', 'error %'], rows)}`
}

function waitsTable(cells: readonly Shared[]): string {
  const rows = cells.map((cell) => [
    describe(cell),
    ...[cell.canaryWaits, cell.stableWaits].flatMap((waits) =>
      [0.5, 0.99].map((part) => fixed(percentile(waits, part), 2)),
    ),
  ])
  const header = ['load, target, stable consumers', 'canary p50 ms', 'p99', 'stable p50 ms', 'p99']
  return `## From publication to the start of the handler\n\n${table(header, rows)}`
}

function describe({ type, perSecond, weight, stable }: Cell): string {
  return `${type}, ${perSecond === undefined ? 'backlog' : `${perSecond} msg/s`}, ${weight} %, ${stable} stable`
}

function measuredShare({ taken, messages }: Shared): number {
  return (taken / messages) * 100
}
