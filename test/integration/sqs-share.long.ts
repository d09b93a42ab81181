import { describe, expect, it } from 'vitest'
import { measureShares, offTarget, shareTable } from './support/share-run.ts'
import { useSqsStage } from './support/sqs-stage.ts'

const regimes = [
  { title: '20 a second', perSecond: 20, seconds: 60, weights: [5, 25, 50, 90] },
  { title: '200 a second', perSecond: 200, seconds: 8, weights: [1, 5, 25, 50] },
  { title: 'a backlog', perSecond: undefined, seconds: 6, backlog: 45_000, weights: [1, 5, 25, 50] },
] as const

describe.each(['standard', 'fifo'] as const)('the share of the messages that the canary gets, on SQS (%s)', (type) => {
  const open = useSqsStage()

  it.each(regimes)('is the target at each step, with $title', { timeout: 900_000 }, async ({ title, ...regime }) => {
    const shares = await measureShares(await open({ type }), regime)
    console.log(shareTable(`${title}, SQS ${type}`, shares))
    expect(offTarget(shares)).toEqual([])
  })
})
