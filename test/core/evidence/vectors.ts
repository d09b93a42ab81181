import { lookMinimum } from '../../../src/core/evidence/cohort-rules.ts'
import { closeCohorts, openCohorts } from '../../../src/core/evidence/cohorts.ts'
import type { Cohort } from '../../../src/core/evidence/cohorts.ts'
import type { CohortLook } from '../../../src/core/evidence/cohort-look.ts'
import { excessBound, observeExcess, openExcessTests } from '../../../src/core/evidence/excess-bound.ts'
import { countTrials } from '../../../src/core/evidence/half-space.ts'
import type { Trials } from '../../../src/core/evidence/half-space.ts'
import { betWeights, evidenceIn, observeMixture, openMixture } from '../../../src/core/evidence/mixture.ts'
import type { Mixture } from '../../../src/core/evidence/mixture.ts'
import { project } from '../../../src/core/evidence/projection.ts'
import type { Line } from '../../../src/core/evidence/projection.ts'
import {
  logPromotionEvidence,
  marginLine,
  observePromotion,
  openPromotionTest,
} from '../../../src/core/evidence/promotion-test.ts'
import { shareCap } from '../../../src/core/allocation/budgeted-share.ts'
import { hypergeometricFactor } from './hypergeometric.ts'
import { messageFactors } from './one-message.ts'

/** One figure of an independent reference implementation, to seven digits, and what this one makes of it. */
export interface Vector {
  readonly name: string
  readonly expected: number
  readonly found: number
}

/** Canary messages, failed ones, stable messages, failed ones. */
type Counts = readonly [number, number, number, number]

const equal: Line = { slope: 1, intercept: 0 }
const baseline = 0.01

/** share, canary and stable rate, slope, intercept -> the null point and the four factors. */
const factorTable: readonly (readonly number[])[] = [
  [0.05, 0.05, 0.01, 1, 0, 0.012, 0.012, 4.166667, 0.9615385, 0.8333333, 1.002024],
  [0.5, 0.05, 0.01, 1, 0, 0.03, 0.03, 1.666667, 0.9793814, 0.3333333, 1.020619],
  [0.05, 0.05, 0.01, 1.1, 0.001, 0.01176555, 0.01394211, 3.586258, 0.9634323, 0.8499388, 1.001787],
  [0.25, 0.01, 0.01, 1, 0.01, 0.008649244, 0.01864924, 0.5362148, 1.008814, 1.15617, 0.9986375],
  [0.25, 0.01, 0.01, 0.99, 0.01, 0.008666086, 0.01857943, 0.5382298, 1.008742, 1.153923, 0.9986544],
  [0.1, 0.02, 0.02, 0.985, 0.015, 0.01913053, 0.03384357, 0.5909542, 1.014328, 1.04545, 0.9991136],
  [0.05, 0.3, 0.01, 0, 0.2, 0.01, 0.2, 1.5, 0.875, 1, 1],
  [0.5, 0.9, 1e-4, 1, 0, 0.45005, 0.45005, 1.999778, 0.1818347, 0.0002221975, 1.818165],
]

const looks: readonly Counts[] = [
  [5, 0, 95, 1],
  [5, 1, 95, 1],
  [5, 2, 95, 0],
  [6, 1, 94, 2],
  [0, 0, 100, 1],
  [4, 1, 96, 0],
]
const promotionLooks: readonly Counts[] = [
  [250, 2, 750, 8],
  [250, 3, 750, 7],
  [500, 5, 1500, 14],
  [500, 4, 1500, 16],
]
const excessLooks: readonly Counts[] = [
  [5, 0, 95, 1],
  [10, 0, 190, 2],
  [50, 1, 950, 9],
  [200, 2, 3800, 38],
  [1000, 10, 19000, 190],
]

/** All money placed at the start, none ever anew. */
const withoutRestart: Mixture = { evidence: betWeights, reserve: 0, restarts: 0, since: -1e9 }

export function allVectors(): readonly Vector[] {
  const assigned = looks.map((counts) => trialsOf(counts, 0.05))
  return [
    ...factorVectors(),
    ...series('V2 rollback, no restart', [0.7395374, 2.067569, 90.43659, 204.7823, 264.5225, 3272.224], () =>
      rollback(withoutRestart, equal, assigned),
    ),
    ...series('V3 rollback', [0.8046531, 2.044473, 96.74533, 207.6304, 277.2116, 3626.13], () =>
      rollback(openMixture(), equal, assigned),
    ),
    ...series('V4 rollback, line 1.1 x + .001', [0.7901852, 1.874718, 68.73535, 134.5084, 173.3439, 1877.352], () =>
      rollback(openMixture(), { slope: 1.1, intercept: 0.001 }, assigned),
    ),
    ...series('V5 promotion', [2.48095, 3.3767, 10.31744, 71.20512], promotion),
    ...series('V7 excess bound', [0.5, 0.25, 0.08, 0.028, 0.01], excess),
    ...series('V8 observed share', [0.8046531, 2.044473, 96.74533, 193.2096, 193.2096, 1866.312], () => observed(1)),
    ...series('V8 observed share, margin 10 %', [0.7984406, 1.939198, 77.17159, 143.0992, 143.0992, 1247.168], () =>
      observed(1.1),
    ),
    ...series('V9 hypergeometric', [1.640487, 2.996413, 7.449833, 23.21824, 80.47327, 258.3919, 441.3572], () =>
      [1.3, 1.8, 3, 6, 15, 60, 400].map((odds) =>
        hypergeometricFactor({ canary: 5, canaryFailed: 2, stable: 95, stableFailed: 0 }, odds),
      ),
    ),
    ...series('V10 cap of the share', [0.1106, 0.2669, 0.5], () => [3, 5, 10].map((budget) => rounded(capFor(budget)))),
  ]
}

function factorVectors(): readonly Vector[] {
  return factorTable.flatMap(([share = 0, canary = 0, stable = 0, slope = 0, intercept = 0, ...expected], row) => {
    const line = { slope, intercept }
    const factors = messageFactors(line, share, { canary, stable })
    const stableNull = project(line, share, canary, stable)
    return series(`V1 row ${row + 1}`, expected, () => [
      stableNull,
      slope * stableNull + intercept,
      factors.canaryFailed,
      factors.canarySucceeded,
      factors.stableFailed,
      factors.stableSucceeded,
    ])
  })
}

function series(name: string, expected: readonly number[], compute: () => readonly number[]): readonly Vector[] {
  const found = compute()
  return expected.map((value, index) => ({
    name: `${name}, ${index + 1}`,
    expected: value,
    found: found[index] ?? Number.NaN,
  }))
}

function trialsOf([canary, canaryFailed, stable, stableFailed]: Counts, share?: number): Trials {
  const trials = countTrials({ messages: canary, failed: canaryFailed }, { messages: stable, failed: stableFailed })
  return share === undefined ? trials : { ...trials, share }
}

function rollback(start: Mixture, line: Line, trials: readonly Trials[]): readonly number[] {
  let mixture = start
  return trials.map((look) => {
    mixture = observeMixture(mixture, line, look, baseline)
    return evidenceIn(mixture)
  })
}

function promotion(): readonly number[] {
  let test = openPromotionTest
  return promotionLooks.map((counts) => {
    test = observePromotion(test, marginLine(0.01), trialsOf(counts, 0.25), baseline)
    return Math.exp(logPromotionEvidence(test))
  })
}

function excess(): readonly number[] {
  let tests = openExcessTests
  return excessLooks.map((counts) => {
    tests = observeExcess(tests, trialsOf(counts, 0.05), baseline)
    return excessBound(tests, 0.05)
  })
}

/** The looks as cohorts: the fifth, without canary messages, waits for the sixth. */
function observed(slope: number): readonly number[] {
  let cohorts = openCohorts(0)
  let mixture = openMixture()
  return looks.map((counts, number) => {
    const closed = closeCohorts(cohorts, [settledCohort(number, counts)], {
      cohortMs: 1_000,
      completeAfterMs: 0,
      settleTimeoutMs: 1_000,
      minimum: lookMinimum(4),
    })
    cohorts = closed.state
    for (const look of closed.looks) {
      mixture = observeMixture(mixture, { slope, intercept: 0 }, trialsOfLook(look), baseline)
    }
    return evidenceIn(mixture)
  })
}

function trialsOfLook({ canary, stable }: CohortLook): Trials {
  return countTrials(canary, stable)
}

function settledCohort(number: number, [canary, canaryFailed, stable, stableFailed]: Counts): Cohort {
  const tally = (dispatched: number, failed: number) => ({
    dispatched,
    succeeded: dispatched - failed,
    failed,
    durations: undefined,
  })
  return {
    number,
    ageMs: 0,
    target: 0.05,
    canary: tally(canary, canaryFailed),
    stable: tally(stable, stableFailed),
    stableConsumers: [],
  }
}

function capFor(failureBudget: number): number {
  return shareCap({
    failureBudget,
    significanceLevel: 0.01,
    maxShare: 0.5,
    minDurationMs: 0,
    lookMs: 1_000,
    reactionMs: 2_000,
  })
}

/** Published to four digits only. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4
}
