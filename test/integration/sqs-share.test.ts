import { describe, expect, it } from 'vitest'
import { measureShares, offTarget, shareTable } from './support/share-run.ts'
import { useSqsStage } from './support/sqs-stage.ts'

/** The others are in `sqs-share.long.ts`. */
const regimes = [{ type: 'standard', title: '200 a second', perSecond: 200, seconds: 8 }] as const

describe('the share of the messages that the canary gets, on SQS', () => {
  const open = useSqsStage()

  it.each(regimes)(
    'is the target at each step, with $title ($type)',
    { timeout: 240_000 },
    async ({ type, title, ...regime }) => {
      const shares = await measureShares(await open({ type }), { ...regime, weights: [1, 5, 25, 50] })
      console.log(shareTable(`${title}, SQS ${type}`, shares))
      expect(offTarget(shares)).toEqual([])
    },
  )
})
