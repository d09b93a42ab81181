import { describe, expect, it } from 'vitest'
import { measureShares, offTarget, shareTable } from './support/share-run.ts'
import { useSqsStage } from './support/sqs-stage.ts'

describe.each(['standard', 'fifo'] as const)('the share of the messages that the canary gets, on SQS (%s)', (type) => {
  const open = useSqsStage()

  it('is the target at each step, with 20 a second', { timeout: 900_000 }, async () => {
    const regime = { perSecond: 20, seconds: 60, weights: [5, 25, 50, 90] }
    const shares = await measureShares(await open({ type }), regime)
    console.log(shareTable(`20 a second, SQS ${type}`, shares))
    expect(offTarget(shares)).toEqual([])
  })
})
