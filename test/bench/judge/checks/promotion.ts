import { excessBound } from '../../../../src/core/evidence/excess-bound.ts'
import { observeLook } from '../../../../src/core/evidence/judge-state.ts'
import type { JudgeState } from '../../../../src/core/evidence/judge-state.ts'
import type { PromotionTests } from '../../../../src/core/evidence/promotion-judge.ts'
import { logPromotionEvidence } from '../../../../src/core/evidence/promotion-test.ts'
import { judgeOptions } from '../../../core/evidence/judge-options.ts'
import { atMost, below, quantileOf } from '../check.ts'
import type { Check, Effort } from '../check.ts'
import { countRuns, openWithHistory } from '../rollouts.ts'
import { constant, outage, sine, step } from '../traffic/drifts.ts'
import type { Drift } from '../traffic/drifts.ts'
import { drawLook } from '../traffic/looks.ts'
import type { Rates } from '../traffic/looks.ts'
import { Random } from '../traffic/random.ts'

const margin = 0.01
const perLook = 100
const options = judgeOptions({
  failures: { rollbackMargin: 0.1, nonInferiorityMargin: { absolute: margin, relative: 0 }, weight: 1 },
})

interface Traffic {
  readonly drift: Drift
  readonly share: (look: number) => number
  readonly worse: number
  readonly looks: number
}

const quarter = () => 0.25
const drifting = (look: number) => 0.02 * 10 ** ((1 - Math.cos((2 * Math.PI * look) / 400)) / 2)

const excess = 0.02

/** A canary as good as the stable version, and one that is worse by exactly the margin. */
export const promotion: Check = {
  id: 'A8',
  run(effort) {
    const good = Array.from({ length: effort.runs }, (_, run) =>
      messagesUntilProven(effort.seed + run, { drift: constant(0.01), share: quarter, worse: 0, looks: 20_000 }),
    )
    const looks = Math.round(3_600 * effort.length)
    const boundary: readonly (readonly [string, Drift, (look: number) => number])[] = [
      ['constant', constant(0.01), quarter],
      ['outages', outage, quarter],
      ['sine', sine, quarter],
      ['steps x20', step, quarter],
      ['outages, share drifting 2 to 20 %', outage, drifting],
    ]
    return [
      below('A8', 'promotion at 1 %, margin 1 %: canary messages, median', 1_250, quantileOf(good, 0.5)),
      ...boundary.map(([name, drift, share]) => {
        const hits = falsePromotions(effort, { drift, share, worse: margin, looks })
        return atMost('A8', `false promotions at the margin, ${name}`, 0.05, hits)
      }),
      ...boundary.slice(0, 2).map(([name, drift, share]) => {
        const hits = countRuns(effort.runs, (run) =>
          isTooLow(effort.seed + run, { drift, share, worse: excess, looks }),
        )
        return atMost('A8', `excess bound below the truth at any look, ${name}`, 0.05, hits)
      }),
    ]
  },
}

function falsePromotions({ runs, seed }: Effort, traffic: Traffic) {
  return countRuns(runs, (run) => messagesUntilProven(seed + run, traffic) < Infinity)
}

function messagesUntilProven(seed: number, traffic: Traffic): number {
  const needed = Math.log(1 / options.promotionErrorRate)
  const proven = watch(seed, traffic, ({ promotion: tests }) => logPromotionEvidence(tests) >= needed)
  return proven === undefined ? Infinity : proven.canary.messages
}

function isTooLow(seed: number, traffic: Traffic): boolean {
  const { promotionErrorRate } = options
  return watch(seed, traffic, ({ excess: tests }) => excessBound(tests, promotionErrorRate) < excess) !== undefined
}

/** The state after the first look that makes the tests say so; undefined if none does. */
function watch(
  seed: number,
  { drift, share, worse, looks }: Traffic,
  says: (tests: PromotionTests) => boolean,
): JudgeState | undefined {
  const random = new Random(seed)
  const rate = drift(random)
  let state = openWithHistory(random, options, 0.01, perLook)
  for (let number = 0; number < looks; number++) {
    const stable = rate(number)
    const rates: Rates = { stable, canary: stable + worse * (1 - stable) }
    const look = drawLook(random, number, { messages: perLook, share: share(number) }, rates)
    if (look.canary.messages === 0) continue
    state = observeLook(state, { ...look, target: 0.25 }, options)
    if (state.promotion !== undefined && says(state.promotion)) return state
  }
  return undefined
}
