import { baselineRate, observeBaseline } from '../../../../src/core/evidence/baseline.ts'
import { countTrials, logEvidence } from '../../../../src/core/evidence/half-space.ts'
import type { Trials } from '../../../../src/core/evidence/half-space.ts'
import { evidenceIn, observeMixture, openMixture } from '../../../../src/core/evidence/mixture.ts'
import type { JudgeOptions } from '../../../../src/core/evidence/judge-options.ts'
import { information } from '../../../../src/core/evidence/planning.ts'
import { below, meanOf, percent, quantileOf } from '../check.ts'
import type { Check, Effort, Row } from '../check.ts'
import { byDefault, follow, openWithHistory, strict } from '../rollouts.ts'
import { drawLook, even, Joiner } from '../traffic/looks.ts'
import type { Rates } from '../traffic/looks.ts'
import { Random } from '../traffic/random.ts'

const share = 0.05
const perLook = 100
const mostLooks = 40_000
const evidenceNeeded = 100

interface Cell extends Rates {
  readonly messages: number
  readonly failures: number
  readonly options: JudgeOptions
}

const cell = (
  stable: number,
  canary: number,
  [messages, failures]: readonly [number, number],
  options = strict,
): Cell => ({
  stable,
  canary,
  messages,
  failures,
  options,
})

const cells: readonly Cell[] = [
  cell(0.01, 0.05, [160, 9]),
  cell(0.01, 0.02, [1_600, 34]),
  cell(0.001, 0.005, [1_600, 9]),
  cell(0.001, 0.02, [195, 5]),
  cell(0.05, 0.25, [36, 9]),
  cell(0.2, 0.4, [64, 27]),
  cell(0.5, 0.75, [53, 41]),
  cell(0.01, 0.05, [180, 10], byDefault),
  cell(0.001, 0.005, [1_850, 10], byDefault),
]

/** How many canary messages, and failed ones, a bad canary costs until it is taken back. */
export const detection: Check = {
  id: 'A4',
  run(effort) {
    return cells.flatMap((one) => {
      const found = findings(effort, one, { perLook, options: one.options })
      const name = `${arrow(one)}${one.options === strict ? '' : ', margin 10 %'}`
      return [
        below('A4', `${name}: canary messages, median`, one.messages, quantileOf(found.messages, 0.5)),
        below('A4', `${name}: failed ones, median`, one.failures, quantileOf(found.failures, 0.5)),
      ]
    })
  },
}

/** A canary that always fails, on slow queues. */
export const total: Check = {
  id: 'A6',
  run(effort) {
    return [1, 5, 20].flatMap((messages) => {
      const found = findings(effort, { stable: 0, canary: 1 }, { perLook: messages, options: strict })
      const name = `0 % -> 100 %, ${messages} msg/s: failed canary messages`
      return [
        below('A6', `${name}, median`, 3, quantileOf(found.failures, 0.5)),
        below('A6', `${name}, 95 %`, 5, quantileOf(found.failures, 0.95)),
      ]
    })
  },
}

/** A canary that is good for an hour. */
export const lateOnset: Check = {
  id: 'A7',
  run(effort) {
    const slow = late(effort, { stable: 0.01, canary: 0.3 }, 100)
    const fast = late(effort, { stable: 0.01, canary: 0.05 }, 10_000)
    return [
      below('A7', '1 % -> 30 % after an hour, 100 msg/s: canary messages, median', 45, quantileOf(slow.messages, 0.5)),
      below('A7', '1 % -> 5 % after an hour, 10,000 msg/s: looks, median', 2, quantileOf(fast.looks, 0.5)),
    ]
  },
}

const nearOptimal: readonly Rates[] = [
  { stable: 0.01, canary: 0.02 },
  { stable: 0.01, canary: 0.05 },
  { stable: 0.05, canary: 0.1 },
  { stable: 0.2, canary: 0.4 },
  { stable: 0.5, canary: 0.75 },
  { stable: 0.001, canary: 0.005 },
]
const otherCells: readonly Rates[] = [
  { stable: 1e-4, canary: 0.001 },
  { stable: 0.001, canary: 0.02 },
  { stable: 0.01, canary: 0.3 },
  { stable: 0.05, canary: 0.25 },
]

/** Against the least that any test needs which has to compare, and against a test that knows both rates. */
export const efficiency: Check = {
  id: 'A5',
  run(effort) {
    const ratios: number[] = []
    const rows: Row[] = []
    for (const rates of [...nearOptimal, ...otherCells]) {
      const needed = meanOf(runsOf(effort, (random) => messagesNeeded(random, rates, compare(random, rates))))
      const oracle = meanOf(runsOf(effort, (random) => messagesNeeded(random, rates, know(rates))))
      ratios.push(needed.value / oracle.value)
      if (!nearOptimal.includes(rates)) continue
      const bound = (share * Math.log(evidenceNeeded)) / information({ slope: 1, intercept: 0 }, { ...rates, share })
      const ratio = { value: needed.value / bound, error: needed.error / bound, runs: needed.runs }
      rows.push(below('A5', `${arrow(rates)}: mean messages over the bound`, 1.5, ratio))
    }
    const logs = meanOf(ratios.map(Math.log))
    const value = Math.exp(logs.value)
    const all = { value, error: value * logs.error, runs: effort.runs }
    return [...rows, below('A5', `mean messages over the oracle's, geometric mean of ${ratios.length} cells`, 1.3, all)]
  },
}

interface Findings {
  readonly messages: readonly number[]
  readonly failures: readonly number[]
}

function findings(
  effort: Effort,
  rates: Rates,
  { perLook: messages, options }: { readonly perLook: number; readonly options: JudgeOptions },
): Findings {
  const found = Array.from({ length: effort.runs }, (_, run) => {
    const random = new Random(effort.seed + run)
    const joiner = new Joiner()
    const next = (number: number) => joiner.take(drawLook(random, number, { messages, share }, rates))
    const start = openWithHistory(random, options, rates.stable, messages)
    const ending = follow({ options, start, looks: mostLooks, next })
    return ending.rolledBack ? ending.state.canary : { messages: Infinity, failed: Infinity }
  })
  return { messages: found.map((canary) => canary.messages), failures: found.map(({ failed }) => failed) }
}

function late(effort: Effort, bad: Rates, messages: number): { messages: readonly number[]; looks: readonly number[] } {
  const onset = Math.round(3_600 * effort.length)
  const found = Array.from({ length: effort.runs }, (_, run) => {
    const random = new Random(effort.seed + run)
    const joiner = new Joiner()
    const at = (number: number) => (number < onset ? even(bad.stable) : bad)
    const next = (number: number) => joiner.take(drawLook(random, number, { messages, share }, at(number)))
    const options = strict
    const good = follow({ options, start: openWithHistory(random, options, bad.stable, messages), looks: onset, next })
    if (good.rolledBack) return undefined
    const ending = follow({ options, start: good.state, looks: 3_600, next: (number) => next(onset + number) })
    return { messages: ending.state.canary.messages - good.state.canary.messages, looks: ending.looks }
  }).filter((one) => one !== undefined)
  return { messages: found.map((one) => one.messages), looks: found.map(({ looks }) => looks) }
}

type Test = (trials: Trials, look: { readonly stable: number; readonly failed: number }) => number

/** The rollback test as it is, with the share that is known here, and the baseline of 300 looks before. */
function compare(random: Random, rates: Rates): Test {
  const before = 300 * perLook
  let baseline = { messages: before, failed: random.binomial(before, rates.stable) }
  let mixture = openMixture()
  return (trials, { stable, failed }) => {
    mixture = observeMixture(mixture, { slope: 1, intercept: 0 }, trials, baselineRate(baseline))
    baseline = observeBaseline(baseline, { messages: stable, failed }, 1_000)
    return Math.log(evidenceIn(mixture))
  }
}

/** One bet, on the truth. */
function know({ canary, stable }: Rates): Test {
  let log = 0
  return (trials) => (log += logEvidence({ slope: 1, intercept: 0 }, trials, canary, stable))
}

function messagesNeeded(random: Random, rates: Rates, test: Test): number {
  let messages = 0
  for (let number = 0; number < mostLooks; number++) {
    const { canary, stable } = drawLook(random, number, { messages: perLook, share }, rates)
    messages += canary.messages
    const trials = { ...countTrials(canary, stable), share }
    if (test(trials, { stable: stable.messages, failed: stable.failed }) >= Math.log(evidenceNeeded)) return messages
  }
  return Infinity
}

function runsOf({ runs, seed }: Effort, measure: (random: Random) => number): readonly number[] {
  return Array.from({ length: runs }, (_, run) => measure(new Random(seed + run)))
}

function arrow({ stable, canary }: Rates): string {
  return `${percent(stable)} -> ${percent(canary)}`
}
