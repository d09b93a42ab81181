import type { CohortLook } from '../../../../src/core/evidence/cohort-look.ts'
import { atMost } from '../check.ts'
import type { Check, Effort, Row } from '../check.ts'
import { countRuns, follow, openWithHistory, strict } from '../rollouts.ts'
import { constant, flip, heavyOutage, outage, sine, step, walk } from '../traffic/drifts.ts'
import type { Drift } from '../traffic/drifts.ts'
import { drawBurst, drawLook, even, Joiner } from '../traffic/looks.ts'
import { Random } from '../traffic/random.ts'

const steps = [0.01, 0.05, 0.25, 0.5] as const
const wholeRollout = 10_000

interface Scenario {
  readonly name: string
  readonly drift: Drift
  readonly perLook: number
}

const scenarios: readonly Scenario[] = [
  { name: 'constant 0.01 %', drift: constant(1e-4), perLook: 100 },
  { name: 'constant 1 %', drift: constant(0.01), perLook: 100 },
  { name: 'constant 50 %', drift: constant(0.5), perLook: 100 },
  { name: 'outages', drift: outage, perLook: 100 },
  { name: 'heavy outages', drift: heavyOutage, perLook: 100 },
  { name: 'steps x20', drift: step, perLook: 100 },
  { name: 'sine', drift: sine, perLook: 100 },
  { name: 'random walk', drift: walk, perLook: 100 },
  { name: '0.1 % and 50 % in turn', drift: flip, perLook: 100 },
  { name: 'constant 1 %, 1 msg a look', drift: constant(0.01), perLook: 1 },
  { name: 'outages, 1 msg a look', drift: outage, perLook: 1 },
]

/** A canary exactly as good as the stable version, judged without a margin at every look of a rollout of 1, 5, 25 and 50 %. */
export const falseRollbacks: Check = {
  id: 'A3',
  run(effort) {
    const drifting = scenarios.map((scenario) =>
      falselyTakenBack(effort, `${scenario.name}`, scenario.perLook, (random) => {
        const rate = scenario.drift(random)
        return (number, share) => drawLook(random, number, { messages: scenario.perLook, share }, even(rate(number)))
      }),
    )
    const bursts = falselyTakenBack(
      effort,
      'bursts within a look',
      100,
      (random) => (number, share) => drawBurst(random, number, { messages: 100, share }),
    )
    return [...drifting, bursts]
  },
}

/** The share is not what the policy says: it drifts between 2 and 20 % while outages come and go. */
export const driftingShare: Check = {
  id: 'A11',
  run({ runs, seed, length }) {
    const hits = countRuns(runs, (run) => {
      const random = new Random(seed + run)
      const rate = outage(random)
      const phase = random.uniform()
      const next = (number: number) => {
        const share = 0.02 * 10 ** ((1 - Math.cos(2 * Math.PI * (phase + number / 400))) / 2)
        const look = drawLook(random, number, { messages: 100, share }, even(rate(number)))
        return { ...look, target: 0.05 }
      }
      const start = openWithHistory(random, strict, 0.01, 100)
      return follow({ options: strict, start, looks: 3_600 * length, next: joined(next) }).rolledBack
    })
    return [atMost('A11', 'false rollbacks, share drifting 2 to 20 %, outages', 0.01, hits)]
  },
}

function falselyTakenBack(
  { runs, seed, length }: Effort,
  name: string,
  perLook: number,
  traffic: (random: Random) => (number: number, share: number) => CohortLook,
): Row {
  const looks = Math.round(wholeRollout * length)
  const hits = countRuns(runs, (run) => {
    const random = new Random(seed + run)
    const draw = traffic(random)
    const next = (number: number) => draw(number, steps[Math.floor((number * steps.length) / looks)] ?? 0.5)
    const start = openWithHistory(random, strict, 0.01, perLook)
    return follow({ options: strict, start, looks, next: joined(next) }).rolledBack
  })
  return atMost('A3', `false rollbacks, ${name}, ${looks} looks`, 0.01, hits)
}

function joined(next: (number: number) => CohortLook): (number: number) => CohortLook | undefined {
  const joiner = new Joiner()
  return (number) => joiner.take(next(number))
}
