import type { CohortLook } from '../../../../src/core/evidence/cohort-look.ts'
import type { DurationWindow } from '../../../../src/core/evidence/duration-window.ts'
import { observeExcess, openExcessTests } from '../../../../src/core/evidence/excess-bound.ts'
import { countTrials } from '../../../../src/core/evidence/half-space.ts'
import { bucketOf } from '../../../../src/core/evidence/histogram.ts'
import { observeLook, openJudge } from '../../../../src/core/evidence/judge-state.ts'
import { observeLatency, openLatencyTest } from '../../../../src/core/evidence/latency-test.ts'
import { observeMixture, openMixture } from '../../../../src/core/evidence/mixture.ts'
import { marginLine, observePromotion, openPromotionTest } from '../../../../src/core/evidence/promotion-test.ts'
import { everyTest, judgeOptions } from '../../../core/evidence/judge-options.ts'
import { threadTime } from '../../micro/thread-time.ts'
import { below } from '../check.ts'
import type { Check, Row } from '../check.ts'
import { drawLook, even } from '../traffic/looks.ts'
import { Random } from '../traffic/random.ts'

const perLook = 100
const budgetMicros = 60
const line = { slope: 1.1, intercept: 0 }
const margin = marginLine(0.01)
const failures = judgeOptions()
const withLatency = { ...everyTest, ceiling: undefined }

/** Microseconds of CPU time for one look, part by part, and for all of it as a coordinator calls it. */
export const cost: Check = {
  id: 'A14',
  run({ seed, length }) {
    const looks = Math.round(1_000_000 * length)
    const samples = Array.from({ length: 256 }, (_, number) => sample(new Random(seed + number), number))
    const at = (number: number): CohortLook => {
      const look = samples[number % samples.length]
      if (look === undefined) throw new Error('there are no samples')
      return { ...look, first: number, last: number, opened: number }
    }
    return parts(at).map(([name, run]) => timed(name, looks, run))
  },
}

function parts(at: (number: number) => CohortLook): readonly (readonly [string, (number: number) => void])[] {
  let mixture = openMixture()
  let promotion = openPromotionTest
  let excess = openExcessTests
  let latency = openLatencyTest()
  let plain = openJudge(failures)
  let all = openJudge(withLatency)
  const trials = (number: number) => countTrials(at(number).canary, at(number).stable)
  const none: DurationWindow = { first: 0, counts: [] }
  return [
    ['rollback test', (number) => (mixture = observeMixture(mixture, line, trials(number), 0.01))],
    ['promotion test, every look', (number) => (promotion = observePromotion(promotion, margin, trials(number), 0.01))],
    ['excess bound, every look', (number) => (excess = observeExcess(excess, trials(number), 0.01))],
    [
      'latency, three quantiles',
      (number) => {
        const { durations } = at(number)
        latency = observeLatency(latency, durations ?? { canary: none, stable: none }, 5, 1_000)
      },
    ],
    [
      'a look of failures alone, as called',
      (number) => (plain = observeLook(plain, { ...at(number), durations: undefined }, failures)),
    ],
    ['a look with latency, as called', (number) => (all = observeLook(all, at(number), withLatency))],
  ]
}

function timed(name: string, looks: number, run: (number: number) => void): Row {
  const warmUp = Math.min(looks, 50_000)
  for (let number = 0; number < warmUp; number++) run(number)
  const stop = threadTime()
  for (let number = warmUp; number < warmUp + looks; number++) run(number)
  return below('A14', `us a look: ${name}`, budgetMicros, { value: stop() / looks, error: 0, runs: looks })
}

function sample(random: Random, number: number): CohortLook {
  const look = drawLook(random, number, { messages: perLook, share: 0.05 }, even(0.01))
  const durations = {
    canary: lognormal(random, look.canary.messages),
    stable: lognormal(random, look.stable.messages),
  }
  return { ...look, durations }
}

function lognormal(random: Random, messages: number): DurationWindow {
  const drawn = Array.from({ length: messages }, () => bucketOf(100 * Math.exp(0.7 * random.normal())))
  const first = Math.min(...drawn)
  const counts = Array.from({ length: messages === 0 ? 0 : Math.max(...drawn) - first + 1 }, () => 0)
  for (const bucket of drawn) counts[bucket - first] = (counts[bucket - first] ?? 0) + 1
  return messages === 0 ? { first: 0, counts: [] } : { first, counts }
}
