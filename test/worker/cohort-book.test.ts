import { describe, expect, it } from 'vitest'
import { CohortBook } from '../../src/worker/cohort-book.ts'
import type { Outcome } from '../../src/worker/tally.ts'

/** Attempts that begin in a cohort each and end in the order given. */
function book(...begun: readonly number[]) {
  const cohorts = new CohortBook()
  const attempts = begun.map((current) => {
    cohorts.turnTo({ current, closed: 0 })
    return cohorts.begin()
  })
  const end = (index: number, outcome: Outcome, ms = 1): void => {
    const entry = attempts[index]
    if (entry !== undefined) cohorts.end(entry, outcome, ms)
  }
  return { cohorts, attempts, end }
}

describe('cohorts', () => {
  it('count an attempt where it began, wherever it ends', () => {
    const { cohorts, end } = book(1, 1, 2, 3)
    end(3, 'succeeded', 0.5)
    end(0, 'failed')
    end(1, 'succeeded', 100)
    end(2, 'timedOut')
    expect(cohorts.report).toEqual({
      1: { dispatched: 2, succeeded: 1, failed: 1, durations: { 95: 1 } },
      2: { dispatched: 1, succeeded: 0, failed: 1, durations: {} },
      3: { dispatched: 1, succeeded: 1, failed: 0, durations: { 0: 1 } },
    })
  })

  it('are told until they are closed, and what ends later is nowhere', () => {
    const { cohorts, end } = book(1, 2, 5)
    cohorts.turnTo({ current: 5, closed: 2 })
    end(0, 'failed')
    expect(cohorts.report).toEqual({ 5: { dispatched: 1, succeeded: 0, failed: 0, durations: {} } })
  })

  it('that nobody began anything in are not told', () => {
    const { cohorts } = book()
    for (let current = 1; current < 1_000; current++) cohorts.turnTo({ current, closed: 0 })
    expect(cohorts.report).toEqual({})
  })

  it('lose an attempt that went back without an outcome', () => {
    const { cohorts, attempts } = book(1, 1)
    const [first] = attempts
    if (first !== undefined) cohorts.withdraw(first)
    expect(cohorts.report).toEqual({ 1: { dispatched: 1, succeeded: 0, failed: 0, durations: {} } })
  })

  it('do not exist without a rollout, nor after it', () => {
    const { cohorts } = book(1)
    cohorts.turnTo(undefined)
    expect([cohorts.begin(), cohorts.report, cohorts.isOpen]).toEqual([undefined, {}, false])
    expect(new CohortBook().begin()).toBeUndefined()
  })
})

describe('outcomes that no coordinator has taken in', () => {
  it('are counted until their cohort is closed', () => {
    const { cohorts, end } = book(1, 1, 2)
    end(0, 'failed')
    end(2, 'succeeded')
    expect(cohorts.unjudged).toEqual({ messages: 2, failed: 1 })
    cohorts.turnTo({ current: 2, closed: 1 })
    end(1, 'failed')
    expect(cohorts.unjudged).toEqual({ messages: 1, failed: 0 })
    cohorts.turnTo(undefined)
    expect(cohorts.unjudged).toEqual({ messages: 0, failed: 0 })
  })
})
