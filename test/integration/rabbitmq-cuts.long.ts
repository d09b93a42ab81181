import { expect, it } from 'vitest'
import { useTeardown } from '../support/teardown.ts'
import { cutRuns, surviveCuts } from './support/rabbitmq-cuts.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })
const [wanted, portion] = [2_000, 50]

it(
  '2,000 cuts at random bytes lose no message, and repeat only what was in flight',
  { timeout: 3_600_000 },
  async () => {
    let cuts = 0
    for (let seed = 1_000; cuts < wanted; seed += 10) {
      const outcomes = await Promise.all(cutRuns(seed).map((run) => surviveCuts(run, portion, teardown)))
      expect(outcomes.flatMap(({ unexplained }) => unexplained)).toEqual([])
      cuts += outcomes.reduce((sum, outcome) => sum + outcome.cuts, 0)
      console.log(`${cuts} cuts so far, none lost`)
    }
    expect(cuts).toBeGreaterThanOrEqual(wanted)
  },
)
