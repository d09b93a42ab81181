import { closeCohorts, openCohorts } from '../../../../src/core/evidence/cohorts.ts'
import type { Cohort } from '../../../../src/core/evidence/cohorts.ts'
import { countTrials } from '../../../../src/core/evidence/half-space.ts'
import type { Attempts } from '../../../../src/core/evidence/half-space.ts'
import { suspicionOf } from '../../../../src/core/evidence/judge-evidence.ts'
import { observeLook } from '../../../../src/core/evidence/judge-state.ts'
import { evidenceIn, observeMixture, openMixture } from '../../../../src/core/evidence/mixture.ts'
import { atLeast, atMost } from '../check.ts'
import type { Check } from '../check.ts'
import { countRuns, follow, openWithHistory, strict } from '../rollouts.ts'
import { constant, outage } from '../traffic/drifts.ts'
import type { Drift } from '../traffic/drifts.ts'
import { drawLook, even, Joiner, look } from '../traffic/looks.ts'
import { Random } from '../traffic/random.ts'

const steps = [0.05, 0.25, 0.5] as const
const perLook = 100
const slownessLooks = 5
const rules = {
  cohortMs: 1_000,
  completeAfterMs: 1_000,
  settleTimeoutMs: 30_000,
  minimum: { canary: 1, stable: 5 },
}

/** A canary that fails as often, at once, and whose successes take five seconds. */
export const slowSuccesses: Check = {
  id: 'A9',
  run({ runs, seed, length }) {
    const by = (judge: SlowJudge, drift: Drift, looks = Math.round(1_800 * length)) =>
      countRuns(runs, (run) => judge(new Random(seed + run), drift, looks))
    return [
      atMost('A9', 'false rollbacks, canary successes 5 s slower, constant', 0.01, by(byCohort, constant(0.01))),
      atMost('A9', 'false rollbacks, canary successes 5 s slower, outages', 0.01, by(byCohort, outage)),
      atLeast('A9', 'control: the same counted at completion, share as meant', 0.5, by(atCompletion, outage, 1_800)),
    ]
  },
}

/** Failing messages are tried five times, each time on the same version. */
export const stickyRetries: Check = {
  id: 'A10',
  run({ runs, seed, length }) {
    const looks = Math.round(3_600 * length)
    const by = (counted: Counted) => countRuns(runs, (run) => withRetries(new Random(seed + run), counted, looks))
    return [
      atMost('A10', 'false rollbacks, sticky retries x5, first attempts counted', 0.01, by('first')),
      atLeast('A10', 'control: the same, every attempt counted', 0.3, by('all')),
    ]
  },
}

type SlowJudge = (random: Random, drift: Drift, looks: number) => boolean

interface Dispatched {
  readonly target: number
  readonly canary: Attempts
  readonly stable: Attempts
}

function draw(random: Random, number: number, looks: number, rate: number): Dispatched {
  const share = steps[Math.floor((number * steps.length) / looks)] ?? 0.5
  const { canary, stable } = drawLook(random, number, { messages: perLook, share }, even(rate))
  return { target: share, canary, stable }
}

const byCohort: SlowJudge = (random, drift, looks) => {
  const rate = drift(random)
  const dispatched: Dispatched[] = []
  let state = openWithHistory(random, strict, 0.01, perLook)
  let cohorts = openCohorts(0)
  for (let now = 0; now < looks; now++) {
    dispatched.push(draw(random, now, looks, rate(now)))
    const seen = dispatched
      .slice(cohorts.closed + 1)
      .map((one, index) => cohortOf(cohorts.closed + 1 + index, now, one))
    const closed = closeCohorts(cohorts, seen, rules)
    cohorts = closed.state
    for (const settled of closed.looks) state = observeLook(state, settled, strict)
    if (suspicionOf(state, closed.open, strict).rollback) return true
  }
  return false
}

function cohortOf(number: number, now: number, { target, canary, stable }: Dispatched): Cohort {
  const isSlow = now - number < slownessLooks
  return {
    number,
    ageMs: (now - number) * 1_000,
    target,
    canary: {
      dispatched: canary.messages,
      succeeded: isSlow ? 0 : canary.messages - canary.failed,
      failed: canary.failed,
      durations: undefined,
    },
    stable: {
      dispatched: stable.messages,
      succeeded: stable.messages - stable.failed,
      failed: stable.failed,
      durations: undefined,
    },
    stableConsumers: [],
  }
}

/** What must not be done: each outcome counts in the look in which it came, against the share that was meant. */
const atCompletion: SlowJudge = (random, drift, looks) => {
  const rate = drift(random)
  const slow: number[] = []
  let mixture = openMixture()
  for (let number = 0; number < looks; number++) {
    const { target, canary, stable } = draw(random, number, looks, rate(number))
    slow.push(canary.messages - canary.failed)
    const succeeded = slow.length > slownessLooks ? (slow.shift() ?? 0) : 0
    const completed = { messages: succeeded + canary.failed, failed: canary.failed }
    const trials = { ...countTrials(completed, stable), share: target }
    mixture = observeMixture(mixture, { slope: 1, intercept: 0 }, trials, 0.01)
    if (evidenceIn(mixture) >= 1 / strict.significanceLevel) return true
  }
  return false
}

type Counted = 'first' | 'all'

function withRetries(random: Random, counted: Counted, looks: number): boolean {
  const retries: { canary: number; stable: number }[] = []
  const next = (number: number) => {
    const { canary, stable, target } = drawLook(random, number, { messages: perLook, share: 0.05 }, even(0.01))
    const again = { canary: 0, stable: 0 }
    for (const { canary: c, stable: s } of retries) {
      again.canary += c
      again.stable += s
    }
    retries.push({ canary: canary.failed, stable: stable.failed })
    if (retries.length > 4) retries.shift()
    const also = (attempts: Attempts, repeated: number): Attempts =>
      counted === 'first' ? attempts : { messages: attempts.messages + repeated, failed: attempts.failed + repeated }
    return look(number, target, also(canary, again.canary), also(stable, again.stable))
  }
  return judged(random, looks, next)
}

function judged(random: Random, looks: number, next: (number: number) => ReturnType<typeof look>): boolean {
  const joiner = new Joiner()
  const start = openWithHistory(random, strict, 0.01, perLook)
  return follow({ options: strict, start, looks, next: (number) => joiner.take(next(number)) }).rolledBack
}
