import { describe, expect, it } from 'vitest'
import { useTeardown } from '../support/teardown.ts'
import { cutRuns, surviveCuts } from './support/rabbitmq-cuts.ts'

const cuts = 12

describe('links cut at random bytes', () => {
  const teardown = useTeardown()

  it(`${cuts} times each: no message lost, duplicates only of what was in flight`, { timeout: 300_000 }, async () => {
    for (const outcome of await Promise.all(cutRuns(1).map((run) => surviveCuts(run, cuts, teardown)))) {
      expect(outcome.cuts).toBeGreaterThan(cuts / 2)
      expect(outcome.unexplained).toEqual([])
    }
  })
})
