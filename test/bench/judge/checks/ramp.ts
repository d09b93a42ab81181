import { budgetedShare } from '../../../../src/core/allocation/budgeted-share.ts'
import { evidenceOf } from '../../../../src/core/evidence/judge-evidence.ts'
import { observeLook } from '../../../../src/core/evidence/judge-state.ts'
import { atLeast, atMost, below, percent, quantileOf } from '../check.ts'
import type { Check, Effort } from '../check.ts'
import { byDefault, isTakenBack, openWithHistory } from '../rollouts.ts'
import { drawLook, Joiner } from '../traffic/looks.ts'
import type { Rates } from '../traffic/looks.ts'
import { Random } from '../traffic/random.ts'

const budget = {
  failureBudget: 5,
  significanceLevel: 0.01,
  maxShare: 0.5,
  minDurationMs: 300_000,
  lookMs: 1_000,
  reactionMs: 2_000,
}
const longest = 7_200

/** The risk-budgeted ramp by its defaults, a look a second, decisions in effect a second after the look. */
export const ramp: Check = {
  id: 'A13',
  run(effort) {
    const at = (stable: number, canary: number, perSecond: number) =>
      Array.from({ length: effort.runs }, (_, run) =>
        release(new Random(effort.seed + run), { stable, canary }, perSecond),
      )
    const good = [0.001, 0.01, 0.1].map((rate) => [rate, at(rate, rate, 10_000)] as const)
    const harm = (rates: readonly [number, number]) =>
      quantileOf(
        at(rates[0], rates[1], 10_000).map((ending) => ending.harmed),
        0.95,
      )
    return [
      ...good.map(([rate, endings]) =>
        atLeast('A13', `good at ${percent(rate)}, 10,000 msg/s: promoted by 310 s`, 0.99, {
          hits: endings.filter(({ promoted, seconds }) => promoted && seconds <= 310).length,
          runs: effort.runs,
        }),
      ),
      below('A13', '1 % -> 30 %, 10,000 msg/s: messages harmed, 95 %', 9, harm([0.01, 0.3])),
      below('A13', '0.1 % -> 100 %, 10,000 msg/s: messages harmed, 95 %', 13, harm([0.001, 1])),
      below('A13', '1 % -> 5 %, 10,000 msg/s: messages harmed, 95 %', 15, harm([0.01, 0.05])),
      slowQueue(effort),
    ]
  },
}

function slowQueue({ runs, seed }: Effort) {
  const endings = Array.from({ length: runs }, (_, run) =>
    release(new Random(seed + run), { stable: 0.01, canary: 0.05 }, 1),
  )
  const hits = endings.filter(({ promoted }) => promoted).length
  return atMost('A13', '1 % -> 5 %, 1 msg/s: promoted', 0.01, { hits, runs })
}

interface Ending {
  readonly promoted: boolean
  readonly seconds: number
  /** Messages that failed on the canary and would not have on the stable version. */
  readonly harmed: number
}

function release(random: Random, rates: Rates, perSecond: number): Ending {
  const joiner = new Joiner()
  let state = openWithHistory(random, byDefault, rates.stable, perSecond)
  let shares = { now: shareAt({ share: 0, excessBound: 1, suspicious: false, seconds: 0, perSecond }), next: 0 }
  shares.next = shares.now
  let failed = 0
  for (let second = 1; second <= longest; second++) {
    const look = drawLook(random, second, { messages: perSecond, share: shares.now }, rates)
    failed += look.canary.failed
    const whole = joiner.take(look)
    if (whole !== undefined) state = observeLook(state, whole, byDefault)
    const { excessBound, suspicious, proven } = evidenceOf(state, byDefault)
    if (isTakenBack(state, byDefault)) {
      // What the canary takes until the rollback is in effect.
      const late = random.binomial(random.binomial(perSecond, shares.next), rates.canary)
      return { promoted: false, seconds: second, harmed: excessOf(rates) * (failed + late) }
    }
    const isLongEnough = second * 1_000 >= budget.minDurationMs
    if (proven && isLongEnough && !suspicious)
      return { promoted: true, seconds: second, harmed: excessOf(rates) * failed }
    const share = shareAt({ share: shares.next, excessBound, suspicious, seconds: second, perSecond })
    shares = { now: shares.next, next: share }
  }
  return { promoted: false, seconds: longest, harmed: excessOf(rates) * failed }
}

function excessOf({ canary, stable }: Rates): number {
  return (canary - stable) / canary
}

function shareAt(given: {
  readonly share: number
  readonly excessBound: number
  readonly suspicious: boolean
  readonly seconds: number
  readonly perSecond: number
}): number {
  const { share, excessBound, suspicious } = given
  return budgetedShare(budget, {
    ratePerMs: given.perSecond / 1_000,
    excessBound,
    elapsedMs: given.seconds * 1_000,
    share,
    suspicious,
  })
}
